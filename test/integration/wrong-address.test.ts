/** A node that lives, at whose announced address somebody else answers: nobody may take it for gone. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { nodesAccordingTo, TestCluster } from '../support/cluster.ts';
import { until } from '../support/poll.ts';
import { slotctl } from '../support/run-slotctl.ts';
import type { ServerProcess } from '../support/server-process.ts';
import { serversUnderTest } from '../support/servers.ts';

const nodeTimeoutMs = 1500;
const ASKING = ['--reply-timeout', '2', '--connect-timeout', '2'];
const FAST = [...ASKING, '--join-timeout', '10'];
const ALL = ['--cluster-fix-with-unreachable-masters'];

/** It announces the port of another node on its host; its bus port stays right, so the others go on hearing it. */
async function announceAs(wrong: ServerProcess, other: ServerProcess, witnesses: readonly ServerProcess[]) {
  expect(wrong.setup.host).toBe(other.setup.host);
  await wrong.send('CONFIG', 'SET', 'cluster-announce-port', String(other.setup.port));
  const id = await wrong.text('CLUSTER', 'MYID');
  for (const witness of witnesses)
    await until(`${witness.address} has heard of the port`, async () =>
      (await nodesAccordingTo(witness)).some(
        node => node.id === id && node.address?.port === other.setup.port && node.linked,
      ),
    );
}

async function listedBy(node: ServerProcess): Promise<string[]> {
  return (await nodesAccordingTo(node)).map(({ id }) => id).sort();
}

async function fill(cluster: TestCluster, position: number, keys: number): Promise<void> {
  const { slots } = cluster.member(position);
  const node = cluster.node(position);
  let written = 0;
  for (let i = 0; written < keys; i++) {
    const slot = Number(await node.send('CLUSTER', 'KEYSLOT', `key:${i}`));
    if (!slots.has(slot as never)) continue;
    await node.send('SET', `key:${i}`, 'value');
    written++;
  }
}

describe.each(serversUnderTest())('$name', build => {
  test.concurrent('one wrong line of the address map: nobody is forgotten, and the line is named', async t => {
    const cluster = await TestCluster.startFor(t, { build, nodeTimeoutMs });
    const [replica, other] = [cluster.node(5), cluster.node(4)];
    const line = `${replica.address}=${other.address}`;
    const before = await listedBy(cluster.node(0));
    for (const words of [['fix'], ['forget-failed'], ['fix', ...ALL]]) {
      const [command = '', ...more] = words;
      const { code, stdout, stderr } = await slotctl([
        command,
        cluster.entry,
        ...more,
        '--address-map',
        line,
        '--yes',
        ...FAST,
      ]);
      expect([words, code]).toEqual([words, 1]);
      expect(stdout + stderr).toContain(`--address-map`);
      expect(stdout + stderr).toContain(line);
    }
    const named = cluster.member(5).id;
    const gone = await slotctl(['del-node', cluster.entry, named, '--address-map', line, '--yes', ...FAST]);
    expect(gone.code).toBe(4);
    expect(gone.stderr).toContain(line);
    const check = await slotctl(['check', cluster.entry, '--address-map', line, ...ASKING]);
    expect(check.code).toBe(1);
    expect(check.stdout).toContain(line);
    for (const node of cluster.nodes) expect(await listedBy(node)).toEqual(before);
  });

  test.concurrent('a port that is announced wrongly: nobody is forgotten, and the port is named', async t => {
    const cluster = await TestCluster.startFor(t, { build, nodeTimeoutMs });
    const wrong = cluster.node(5);
    const others = cluster.nodes.filter(node => node !== wrong);
    await announceAs(wrong, cluster.node(0), others);
    const before = await listedBy(cluster.node(0));
    for (const words of [['fix'], ['forget-failed'], ['fix', ...ALL]]) {
      const [command = '', ...more] = words;
      const run = await slotctl([command, cluster.node(1).address, ...more, '--yes', ...FAST]);
      expect([words, run.code]).toEqual([words, 1]);
      expect(run.stdout + run.stderr).toContain('cluster-announce-port');
    }
    // Through the node itself, too: it answers, and so it is no node to be forgotten.
    const itself = await slotctl(['forget-failed', wrong.address, '--yes', ...FAST]);
    expect(itself.stdout).toContain('Nothing to do.');
    const named = cluster.member(5).id;
    const gone = await slotctl(['del-node', cluster.node(1).address, named, '--yes', ...FAST]);
    expect(gone.code).toBe(4);
    expect(gone.stderr).toContain('cluster-announce-port');
    const check = await slotctl(['check', cluster.node(1).address, ...ASKING]);
    expect(check.code).toBe(1);
    expect(check.stdout).toContain('cluster-announce-port');
    for (const node of others) expect(await listedBy(node)).toEqual(before);
  });

  test.concurrent('the only copy of a dead primary is neither forgotten nor are its slots given away', async t => {
    const cluster = await TestCluster.startFor(t, { build, nodeTimeoutMs });
    const [dead, copy] = [cluster.node(2), cluster.node(5)];
    await fill(cluster, 2, 50);
    await until('the copy has them', async () => (await copy.send('DBSIZE')) === 50);
    const others = cluster.nodes.filter(node => node !== dead && node !== copy);
    await announceAs(copy, cluster.node(0), others);
    await dead.kill();
    for (const node of others)
      await until(`${node.address} flags it`, async () =>
        (await nodesAccordingTo(node)).some(
          ({ id, health }) => id === cluster.member(2).id && health === 'failed',
        ),
      );
    const before = await listedBy(cluster.node(0));
    for (const words of [['forget-failed'], ['fix'], ['fix', ...ALL], ['forget-failed']]) {
      const [command = '', ...more] = words;
      const run = await slotctl([command, cluster.node(1).address, ...more, '--yes', ...FAST]);
      expect([words, run.code === 0]).toEqual([words, false]);
      expect(run.stdout + run.stderr).toContain('cluster-announce-port');
    }
    for (const node of others) {
      const known = await nodesAccordingTo(node);
      expect(known.map(({ id }) => id).sort()).toEqual(before);
      const owner = known.find(({ id }) => id === cluster.member(2).id);
      expect(owner?.role === 'primary' && owner.slots.size).toBe(cluster.member(2).slots.size);
    }
    // Once the port is right, the copy takes over with every key.
    await copy.send('CONFIG', 'SET', 'cluster-announce-port', '0');
    await until('its port is known', async () => {
      const known = await nodesAccordingTo(cluster.node(1));
      return known.some(
        ({ id, address }) => id === cluster.member(5).id && address?.port === copy.setup.port,
      );
    });
    const fixed = await slotctl(['fix', cluster.node(1).address, ...ALL, '--yes', ...FAST]);
    expect([fixed.stderr, await copy.send('DBSIZE')]).toEqual([fixed.stderr, 50]);
    expect((await nodesAccordingTo(copy)).find(({ id }) => id === cluster.member(5).id)?.role).toBe(
      'primary',
    );
  });

  test.concurrent('an owner that was started without its files is not waited for: who has its place is named', async t => {
    const cluster = await TestCluster.startFor(t, { build, nodeTimeoutMs });
    const owner = cluster.node(2);
    await owner.kill();
    rmSync(join(owner.folder, 'nodes.conf'));
    await owner.start();
    const successor = await owner.text('CLUSTER', 'MYID');
    expect(successor).not.toBe(cluster.member(2).id);
    const others = cluster.nodes.filter(node => node !== owner);
    for (const node of others)
      await until(`${node.address} does not hear the old one`, async () =>
        (await nodesAccordingTo(node)).some(({ id, linked }) => id === cluster.member(2).id && !linked),
      );
    const { code, stdout } = await slotctl(['fix', cluster.entry, '--yes', ...FAST]);
    expect(stdout).toContain(`node ${successor} at ${owner.address} has taken its place`);
    expect(stdout).not.toContain('Better: bring the node back');
    expect(code).toBe(4);
  });
});
