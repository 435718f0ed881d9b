/** Clusters that are formed behind passwords, TLS, names and NAT, and that are laid out by zones. */
import { describe, expect, test } from 'vitest';
import { tlsSettings } from '../../src/resp/tls-files.ts';
import { makeCertificates } from '../support/certificates.ts';
import { nodesAccordingTo } from '../support/cluster.ts';
import { checked, formationOf } from '../support/formed.ts';
import { LoneNodes } from '../support/lone-nodes.ts';
import { freePort } from '../support/ports.ts';
import { slotctl } from '../support/run-slotctl.ts';
import { anyServer, EXPECTED, installedServers, serversUnderTest } from '../support/servers.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';
import { removeFolder } from '../support/temp-folder.ts';

const nodeTimeoutMs = 600;
const PASSWORD = 'correct horse battery';
const authenticated = { env: { REDISCLI_AUTH: PASSWORD } };

describe.concurrent.each(serversUnderTest().filter(build => EXPECTED.includes(build.name)))(
  '$name',
  build => {
    test('with TLS and a password: create, add-node, del-node', async t => {
      const certificates = makeCertificates(['IP:127.0.0.1', 'IP:127.0.0.2', 'IP:127.0.0.3']);
      t.onTestFinished(() => removeFolder(certificates.folder));
      const { ca, cert, key, config, read } = certificates;
      const settings = await tlsSettings(
        { ca: [read(ca)], cert: read(cert), key: read(key) },
        { insecure: false },
      );
      const lone = await LoneNodes.startFor(t, {
        nodeTimeoutMs,
        build,
        count: 7,
        password: PASSWORD,
        tls: { ...settings, config },
      });
      const tls = ['--yes', '--tls', '--cacert', ca, '--cert', cert, '--key', key];
      const [entry = '', ...others] = lone.addresses;
      const last = others.at(-1) ?? '';
      const created = await slotctl(
        ['create', entry, ...others.slice(0, -1), '--cluster-replicas', '1', ...tls],
        authenticated,
      );
      expect(created.stderr).toBe('');
      expect(created.code).toBe(0);
      for (const words of [
        ['add-node', last, entry, '--cluster-slave'],
        ['del-node', entry, last],
      ]) {
        const { code, stderr } = await slotctl([...words, ...tls], authenticated);
        expect(stderr).toBe('');
        expect(code).toBe(0);
      }
      expect(await nodesAccordingTo(lone.node(6))).toHaveLength(1);
    });

    test('an ACL user who may do no more than it takes', async t => {
      const rights = '+info +dbsize +cluster +function +config|get +auth';
      const lone = await LoneNodes.startFor(t, {
        nodeTimeoutMs,
        build,
        count: 4,
        config: () => [
          'user default off',
          'user tests on >tests +@all ~* &*',
          `user keeper on >keeper-pw ${rights}`,
          'masteruser tests',
          'masterauth tests',
        ],
        user: { name: 'tests', password: 'tests' },
      });
      const [first = '', second = '', third = '', fourth = ''] = lone.addresses;
      const login = ['--user', 'keeper', '--yes'];
      const keeper = { env: { REDISCLI_AUTH: 'keeper-pw' } };
      const created = await slotctl(['create', first, second, third, ...login], keeper);
      expect(created.stderr).toBe('');
      expect(created.code).toBe(0);
      const added = await slotctl(['add-node', fourth, first, '--replica', ...login], keeper);
      expect(added.stderr).toBe('');
      expect(added.code).toBe(0);
    });
  },
);

const build = anyServer();

describe.concurrent('names and addresses', () => {
  test('nodes that are named by host names, and announce some', async t => {
    const lone = await LoneNodes.startFor(t, {
      nodeTimeoutMs,
      build,
      count: 3,
      hosts: ['127.0.0.1'],
      config: i => [`cluster-announce-hostname node${i}.example`],
    });
    const names = lone.nodes.map(node => `localhost:${node.setup.port}`);
    const { code, stderr } = await slotctl(['create', ...names, '--yes']);
    expect(stderr).toBe('');
    expect(code).toBe(0);
    const known = await nodesAccordingTo(lone.node(0));
    expect(known.map(node => node.address?.host)).toEqual(['127.0.0.1', '127.0.0.1', '127.0.0.1']);
    expect((await checked(names[1] ?? '')).healthy).toBe(true);
  });

  test('behind NAT: the nodes are told their inner addresses', async t => {
    const lone = await LoneNodes.startFor(t, {
      nodeTimeoutMs,
      build,
      count: 4,
      hosts: ['127.0.0.1', '127.0.0.2', '127.0.0.3', '127.0.0.4'],
    });
    const proxies = await Promise.all(lone.nodes.map(node => TcpProxy.open(node.setup)));
    for (const proxy of proxies) t.onTestFinished(() => proxy.close());
    const outside = proxies.map(proxy => `127.0.0.1:${proxy.port}`);
    const map = lone.addresses.map((inside, i) => `${inside}=${outside[i]}`).join(',');
    const [first = '', second = '', third = '', fourth = ''] = outside;
    const created = await slotctl(['create', first, second, third, '--yes', '--address-map', map]);
    expect(created.stderr).toBe('');
    expect(created.code).toBe(0);
    const added = await slotctl(['add-node', fourth, first, '--yes', '--address-map', map]);
    expect(added.stderr).toBe('');
    expect(added.code).toBe(0);
    const hosts = (await nodesAccordingTo(lone.node(0))).map(node => node.address?.host);
    expect(hosts.sort()).toEqual(['127.0.0.1', '127.0.0.2', '127.0.0.3', '127.0.0.4']);
  });

  test('buses of which only some speak TLS', async t => {
    const certificates = makeCertificates(['IP:127.0.0.1']);
    t.onTestFinished(() => removeFolder(certificates.folder));
    const lone = await LoneNodes.startFor(t, {
      nodeTimeoutMs,
      build,
      count: 3,
      hosts: ['127.0.0.1'],
      config: i => (i === 1 ? ['tls-cluster yes', 'tls-port 0', ...certificates.config] : []),
    });
    const { code, stderr } = await slotctl(['create', ...lone.addresses, '--yes']);
    expect(stderr).toMatch(
      new RegExp(
        `The cluster bus of ${lone.node(1).address} speaks TLS \\(tls-cluster yes\\), that of .* does not`,
      ),
    );
    expect(code).toBe(4);
  });
});

describe.concurrent('zones', () => {
  test('as the person says: no replica is in the zone of its primary', async t => {
    const hosts = ['127.0.0.1', '127.0.0.2', '127.0.0.3', '127.0.0.4'];
    const lone = await LoneNodes.startFor(t, { nodeTimeoutMs, build, count: 8, hosts });
    const zones = '127.0.0.1=a,127.0.0.2=a,127.0.0.3=b,127.0.0.4=b';
    const words = ['create', ...lone.addresses, '--cluster-replicas', '1', '--zone', zones, '--yes'];
    const { stdout, code } = await slotctl(words);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^zone +host +primaries +replicas$/m);
    const zoneOf = (host = '') => (host < '127.0.0.3' ? 'a' : 'b');
    const formation = await formationOf(lone.node(0));
    expect(formation.replicas).toHaveLength(4);
    for (const replica of formation.replicas) {
      const primary = formation.hostOf(replica.role === 'replica' ? replica.primary : undefined);
      expect(zoneOf(primary)).not.toBe(zoneOf(replica.address?.host));
    }
  });

  const [zoned] = installedServers().filter(({ product }) => product === 'valkey');
  test.runIf(zoned)('as the servers say themselves', async t => {
    if (!zoned) return;
    const hosts = ['127.0.0.1', '127.0.0.2', '127.0.0.3', '127.0.0.4'];
    const config = (i: number) => [`availability-zone ${i % 4 < 2 ? 'eu-1a' : 'eu-1b'}`];
    const lone = await LoneNodes.startFor(t, { nodeTimeoutMs, build: zoned, count: 8, hosts, config });
    const words = ['create', ...lone.addresses, '--cluster-replicas', '1', '--dry-run'];
    const { stdout } = await slotctl(words);
    expect(stdout).toMatch(/^eu-1a +127\.0\.0\.1 /m);
    expect(stdout).toMatch(/^eu-1b +127\.0\.0\.4 /m);
    expect(stdout).toContain('[OK] Perfect anti-affinity obtained!');
  });

  test('a map that contradicts itself is wrong usage', async () => {
    const port = await freePort();
    const { code, stderr } = await slotctl(['create', `127.0.0.1:${port}`, '--zone', 'h=a,h=b']);
    expect(stderr).toContain('h is given two zones');
    expect(code).toBe(2);
  });
});
