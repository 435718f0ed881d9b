/**
 * `check` and `info` tell the truth, on every server version that is here, with one fault each. A fault must be seen
 * whichever node is asked, end in exit code 1, and be told in one sentence.
 */
import { isDeepStrictEqual } from 'node:util';
import { describe, expect, type TestContext, test } from 'vitest';
import { BusProxies } from '../support/bus-proxies.ts';
import { type ClusterPlan, nodesAccordingTo, TestCluster } from '../support/cluster.ts';
import { until } from '../support/poll.ts';
import { slotctl } from '../support/run-slotctl.ts';
import type { ServerProcess } from '../support/server-process.ts';
import { isBuildSince, serversUnderTest } from '../support/servers.ts';

interface FindingEntry {
  readonly kind: string;
  readonly severity: string;
  readonly summary: string;
  readonly meaning: string;
  readonly nodes: readonly string[];
  readonly slots: readonly (readonly [number, number])[];
}

const FAST = ['--reply-timeout', '4', '--connect-timeout', '4'];

/**
 * Asks every node that is given, and returns the findings, of which the errors must be the same to the letter. The
 * cluster goes on living between two checks, so what differs is looked at again; a difference that stays fails.
 */
async function checkFrom(entries: readonly string[], ...options: string[]): Promise<FindingEntry[]> {
  let all = await checkOnce(entries, options);
  for (let again = 0; again < 10 && !isDeepStrictEqual(...firstDifference(all)); again++) {
    all = await checkOnce(entries, options);
  }
  const [one, other] = firstDifference(all);
  expect(other).toEqual(one);
  return all[0] ?? [];
}

async function checkOnce(entries: readonly string[], options: readonly string[]): Promise<FindingEntry[][]> {
  const runs = await Promise.all(
    entries.map(entry => slotctl(['check', entry, '--json', ...FAST, ...options])),
  );
  return runs.map(run => {
    expect(run.stderr).toBe('');
    const { findings, healthy } = JSON.parse(run.stdout) as { findings: FindingEntry[]; healthy: boolean };
    expect(run.code).toBe(healthy ? 0 : 1);
    return findings;
  });
}

/** The errors of the first check, and those of one that has others; where all are the same, of any. */
function firstDifference(all: readonly FindingEntry[][]): [unknown, unknown] {
  const [first = [], ...others] = all.map(findings =>
    findings.filter(f => f.severity === 'error').map(sameForAll),
  );
  return [first, others.find(other => !isDeepStrictEqual(first, other)) ?? first];
}

/** Nothing of a finding depends on who was asked, its sentence neither; only waiting may take longer once. */
const sameForAll = (finding: FindingEntry) => ({
  ...finding,
  summary: finding.summary.replace(/within [\d.]+ s/, 'in time'),
  reason: undefined,
});

/** `info` must name exactly these nodes as silent, and end accordingly. */
async function expectSilent(entry: string, silent: readonly string[]): Promise<void> {
  const { code, stdout, stderr } = await slotctl(['info', entry, ...FAST]);
  const named = [...stdout.matchAll(/^\[ERR\] (\S+) \(\w+\.\.\.\) could not be asked: .+\.$/gm)].map(
    ([, address]) => address,
  );
  expect(named.sort()).toEqual([...silent].sort());
  expect(stderr).toBe('');
  expect(code).toBe(silent.length === 0 ? 0 : 1);
}

const errorKinds = (findings: readonly FindingEntry[]) =>
  [...new Set(findings.filter(f => f.severity === 'error').map(f => f.kind))].sort();

// Every test has a cluster of its own, so that they can run side by side: nearly all of their time is waiting.
describe.concurrent.each(serversUnderTest())('$name', build => {
  async function start(t: TestContext, plan: Omit<ClusterPlan, 'build'> = {}): Promise<TestCluster> {
    const cluster = await TestCluster.start({ build, ...plan });
    t.onTestFinished(() => cluster.dispose());
    return cluster;
  }

  /** Three primaries, each on a host of its own, with proxies between their buses. */
  async function startWithProxies(t: TestContext, nodeTimeoutMs: number): Promise<[TestCluster, BusProxies]> {
    const proxies = new BusProxies();
    t.onTestFinished(() => proxies.close());
    const { announcedBusPort } = proxies;
    return [await start(t, { replicasPerPrimary: 0, nodeTimeoutMs, announcedBusPort }), proxies];
  }

  const addresses = (nodes: TestCluster['nodes']) => nodes.map(node => node.address);

  test('healthy: exit 0, nothing on stderr, the classic lines', async t => {
    const { entry, nodes } = await start(t);
    const words = build.product === 'valkey' ? ['replicas', 'primaries'] : ['slaves', 'masters'];
    const { code, stdout, stderr } = await slotctl(['check', entry]);
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect(stdout).toContain(`-> 0 keys | 5461 slots | 1 ${words[0]}.\n`);
    expect(stdout).toContain(`[OK] 0 keys in 3 ${words[1]}.\n0.00 keys per slot on average.\n`);
    expect(stdout).toContain(`>>> Performing Cluster Check (using node ${entry})\n`);
    expect(stdout).toContain('   slots:[0-5460] (5461 slots) master');
    expect(stdout).toContain(
      '[OK] All nodes agree about slots configuration.\n>>> Check for open slots...\n',
    );
    expect(stdout).toContain('>>> Check slots coverage...\n[OK] All 16384 slots covered.\n');
    expect(await checkFrom(addresses(nodes))).toEqual([]);
    expect(await slotctl(['check', entry, '--quiet'])).toEqual({ code: 0, stdout: '', stderr: '' });
    const info = await slotctl(['info', entry]);
    expect(info).toMatchObject({ code: 0, stderr: '' });
    expect(info.stdout).toContain(`[OK] 0 keys in 3 ${words[1]}.`);
  });

  test('a killed primary: its slots, its replica and itself', async t => {
    const { nodes, ...c } = await start(t);
    const [dead, ...rest] = nodes;
    await dead?.kill();
    const findings = await checkFrom(addresses(rest));
    expect(errorKinds(findings)).toEqual(expect.arrayContaining(['node-unreachable', 'owner-unreachable']));
    const lost = findings.find(f => f.kind === 'owner-unreachable');
    expect(lost).toMatchObject({ nodes: [c.members[0]?.id], slots: [[0, 5460]] });
    const unreachable = findings.find(f => f.kind === 'node-unreachable');
    expect(unreachable?.summary).toBe(
      `${dead?.address} could not be asked: connection refused: nothing listens there.`,
    );
    const text = await slotctl(['check', rest[0]?.address ?? '', ...FAST]);
    expect(text.stdout).toContain('[ERR] Not all 16384 slots are covered by nodes.\n');
    expect(text.stdout).toContain(`${dead?.address} (no answer)\n`);
    await expectSilent(rest[0]?.address ?? '', [dead?.address ?? '']);
  });

  test('a killed replica', async t => {
    const { nodes, members } = await start(t);
    await nodes[5]?.kill();
    const findings = await checkFrom(addresses(nodes.slice(0, 5)));
    expect(errorKinds(findings.filter(f => f.kind !== 'node-failed'))).toEqual(['node-unreachable']);
    expect(findings[0]).toMatchObject({ nodes: [members[5]?.id] });
    await expectSilent(nodes[0]?.address ?? '', [nodes[5]?.address ?? '']);
  });

  test('a replica that has lost its primary and must not serve stale data is not called unreachable', async t => {
    const { nodes, members } = await start(t, { config: ['replica-serve-stale-data no'] });
    const orphan = nodes[3];
    await nodes[0]?.kill();
    await until('the replica has noticed', async () =>
      ((await orphan?.text('INFO', 'replication')) ?? '').includes('master_link_status:down'),
    );
    const findings = await checkFrom([nodes[1]?.address ?? '', orphan?.address ?? '']);
    const about = findings.filter(f => f.nodes[0] === members[3]?.id).map(f => f.kind);
    expect(about).toContain('replica-link-down');
    expect(about).not.toContain('node-unreachable');
  });

  test('stopped nodes cost one deadline, not one each', async t => {
    const { nodes } = await start(t);
    const [a, b, stopped, alsoStopped] = nodes;
    stopped?.signal('SIGSTOP');
    alsoStopped?.signal('SIGSTOP');
    const findings = await checkFrom([a?.address ?? '', b?.address ?? '']);
    const silent = findings.filter(f => f.kind === 'node-unreachable');
    expect(silent.map(f => f.summary.split(' ')[0]).sort()).toEqual(
      [stopped?.address, alsoStopped?.address].sort(),
    );
    for (const { summary } of silent)
      expect(summary).toMatch(/could not be asked: no reply to INFO within [\d.]+ s\.$/);
    await expectSilent(a?.address ?? '', [stopped?.address ?? '', alsoStopped?.address ?? '']);
    // Both had been asked before the first of them was given up.
    const { stderr } = await slotctl(['check', a?.address ?? '', '--trace', ...FAST]);
    const lines = stderr.split('\n');
    const givenUp = lines.findIndex(line => line.includes(' ! '));
    for (const node of [stopped, alsoStopped]) {
      expect(lines.findIndex(line => line.includes(`${node?.address} > INFO`))).toBeLessThan(givenUp);
    }
  });

  test('a stopped entry node: exit 3 and one sentence', async t => {
    const { nodes, entry } = await start(t, { primaries: 1, replicasPerPrimary: 0 });
    nodes[0]?.signal('SIGSTOP');
    const { code, stdout, stderr } = await slotctl(['check', entry, ...FAST]);
    expect(code).toBe(3);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^127\.0\.0\.1:\d+: no reply to INFO within [\d.]+ s\n$/);
  });

  test('an open slot', async t => {
    const { nodes, members } = await start(t);
    const [a, b] = nodes;
    await b?.send('CLUSTER', 'SETSLOT', '5', 'IMPORTING', members[0]?.id ?? '');
    await a?.send('CLUSTER', 'SETSLOT', '5', 'MIGRATING', members[1]?.id ?? '');
    const findings = await checkFrom(addresses(nodes));
    expect(errorKinds(findings)).toEqual(['slots-open']);
    const owner = findings.find(f => f.nodes[0] === members[0]?.id);
    expect(owner?.summary).toBe(`${a?.address} has slot 5 in migrating state to ${b?.address}.`);
    const { stdout } = await slotctl(['check', a?.address ?? '']);
    expect(stdout).toContain(`[WARNING] Node ${a?.address} has slots in migrating state 5.\n`);
    expect(stdout).toContain(`[WARNING] Node ${b?.address} has slots in importing state 5.\n`);
    expect(stdout).toContain('[WARNING] The following slots are open: 5.\n');
    await expectSilent(a?.address ?? '', []);
  });

  test('an uncovered slot', async t => {
    const { nodes } = await start(t);
    for (const node of nodes) await node.send('CLUSTER', 'DELSLOTS', '7').catch(() => {});
    await until('every node has dropped the slot', async () => {
      const maps = await Promise.all(nodes.map(nodesAccordingTo));
      return maps.every(map => map.every(n => n.role !== 'primary' || !n.slots.has(7)));
    });
    const findings = await checkFrom(addresses(nodes));
    expect(errorKinds(findings)).toContain('slots-uncovered');
    expect(findings[0]).toMatchObject({
      kind: 'slots-uncovered',
      slots: [[7, 7]],
      summary: 'No node owns slot 7.',
    });
    const { stdout } = await slotctl(['check', nodes[0]?.address ?? '']);
    expect(stdout).toContain('[ERR] Not all 16384 slots are covered by nodes.\n');
    const info = await slotctl(['info', nodes[0]?.address ?? '']);
    expect(info.stdout).toContain('[WARNING] Only 16383 of 16384 slots are owned by a node that answers.\n');
  });

  test('two nodes that claim one slot', async t => {
    const [{ nodes, members }, wires] = await startWithProxies(t, 60_000);
    const [a, b] = nodes;
    wires.isolate('127.0.0.2');
    await b?.send('CLUSTER', 'DELSLOTS', '5');
    await b?.send('CLUSTER', 'ADDSLOTS', '5');
    const findings = await checkFrom(addresses(nodes));
    expect(errorKinds(findings)).toEqual(['slot-maps-disagree', 'slots-claimed-twice']);
    expect(findings[0]).toMatchObject({ nodes: [members[0]?.id, members[1]?.id], slots: [[5, 5]] });
    expect(findings[0]?.summary).toBe(`${a?.address} and ${b?.address} both claim slot 5.`);
    const { stdout } = await slotctl(['check', a?.address ?? '']);
    expect(stdout).toContain("[ERR] Nodes don't agree about configuration!\n");
  });

  test('a node that the others cannot hear', async t => {
    const [cluster, wires] = await startWithProxies(t, 1000);
    const { nodes, members } = cluster;
    wires.isolate('127.0.0.3');
    const [a, , lonely] = nodes;
    await until('the others have given it up', async () =>
      (await nodesAccordingTo(cluster.node(0))).some(n => n.id === members[2]?.id && n.health === 'failed'),
    );
    await until('it has noticed that it is alone', async () =>
      ((await lonely?.text('CLUSTER', 'INFO')) ?? '').includes('cluster_state:fail'),
    );
    const findings = await checkFrom(addresses(nodes));
    expect(errorKinds(findings)).toEqual(['node-failed', 'state-not-ok']);
    expect(findings.find(f => f.kind === 'node-failed')).toMatchObject({ nodes: [members[2]?.id] });
    expect(findings.map(f => f.kind)).toContain('node-suspected');
    // We reach it: it is only the others that do not.
    await expectSilent(a?.address ?? '', []);
  });

  test('a primary that dies and is replaced: the slots are covered, the dead one is told', async t => {
    const config = ['cluster-replica-no-failover no', 'cluster-replica-validity-factor 0'];
    const { nodes, members } = await start(t, { nodeTimeoutMs: 1000, config });
    const [dead, ...rest] = nodes;
    await dead?.kill();
    await until('everybody knows the new owner', async () => {
      const maps = await Promise.all(rest.map(nodesAccordingTo));
      return maps.every(map =>
        map.some(n => n.id === members[3]?.id && n.role === 'primary' && n.slots.has(0)),
      );
    });
    const findings = await checkFrom(addresses(rest));
    expect(errorKinds(findings)).toEqual(['node-failed', 'node-unreachable']);
    const { stdout } = await slotctl(['check', rest[0]?.address ?? '', ...FAST]);
    expect(stdout).toContain('[OK] All 16384 slots covered.\n');
  });

  test('a failover by hand never looks as if a slot had two owners, at whatever moment one looks', async t => {
    const { nodes, members, entry } = await start(t, { config: ['cluster-replica-no-failover no'] });
    let over = false;
    const failover = (async () => {
      await nodes[3]?.send('CLUSTER', 'FAILOVER');
      await until('everybody knows the new roles', async () => {
        const maps = await Promise.all(nodes.map(nodesAccordingTo));
        const knows = (id: string | undefined, role: string) =>
          maps.every(map => map.some(n => n.id === id && n.role === role));
        return knows(members[3]?.id, 'primary') && knows(members[0]?.id, 'replica');
      });
      over = true;
    })();
    while (!over) {
      const { stdout } = await slotctl(['check', entry, '--json']);
      const { findings } = JSON.parse(stdout) as { findings: FindingEntry[] };
      // That the old primary is a replica now takes the others seconds to hear, and is told as long.
      expect(errorKinds(findings)).not.toContain('slots-claimed-twice');
    }
    await failover;
  });

  test('a node that was reset: it is the one that does not know the others', async t => {
    const { nodes, members } = await start(t, { primaries: 3, replicasPerPrimary: 1 });
    const [reset, killed] = [nodes[3], nodes[4]];
    await reset?.send('CLUSTER', 'RESET', 'SOFT');
    await until(
      'it has forgotten everybody',
      async () => (await nodesAccordingTo(nodes[3] as ServerProcess)).length === 1,
    );
    await killed?.kill();
    const findings = await checkFrom([nodes[0]?.address ?? '', nodes[1]?.address ?? '']);
    const strangers = findings.find(f => f.kind === 'members-disagree');
    expect(strangers?.summary).toMatch(new RegExp(`^${reset?.address} does not know `));
    expect(findings.filter(f => f.kind === 'members-disagree')).toHaveLength(1);
    // A member that is down stays a member, though the node that was reset does not know it.
    expect(findings.find(f => f.kind === 'node-unreachable')).toMatchObject({ nodes: [members[4]?.id] });
    expect(findings.map(f => f.kind)).not.toContain('ghost');
  });

  test('a node that announces an address at which it is not', async t => {
    const { nodes } = await start(t, { replicasPerPrimary: 0 });
    const lost = nodes[1];
    await lost?.send('CONFIG', 'SET', 'cluster-announce-ip', '127.0.0.77');
    await until('the others have heard of it', async () => {
      const maps = await Promise.all(nodes.map(nodesAccordingTo));
      return maps.every(map => map.some(n => n.address?.host === '127.0.0.77'));
    });
    const reason = `127.0.0.77:${lost?.setup.port} could not be asked: connection refused: nothing listens there.`;
    for (const node of nodes) {
      const { code, stdout, stderr } = await slotctl(['check', node.address, '--json', ...FAST]);
      const { findings } = JSON.parse(stdout) as { findings: FindingEntry[] };
      expect(findings.filter(f => f.kind === 'node-unreachable').map(f => f.summary)).toEqual([reason]);
      expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
    }
  });

  test('host names that nodes announce', async t => {
    const { entry } = await start(t, {
      replicasPerPrimary: 0,
      config: ['cluster-announce-hostname node.example'],
    });
    const { stdout, code } = await slotctl(['info', entry, '--json']);
    const { nodes } = JSON.parse(stdout) as { nodes: { hostname?: string }[] };
    expect(nodes.map(node => node.hostname)).toEqual(['node.example', 'node.example', 'node.example']);
    expect(code).toBe(0);
  });

  test('a handshake that cannot get through', async t => {
    const { nodes } = await start(t, { primaries: 1, replicasPerPrimary: 0, nodeTimeoutMs: 60_000 });
    await nodes[0]?.send('CLUSTER', 'MEET', '127.0.0.9', '9', '9');
    const findings = await checkFrom(addresses(nodes));
    expect(findings.map(f => [f.severity, f.kind])).toEqual([['warning', 'ghost']]);
    expect(findings[0]?.summary).toContain('A node at 127.0.0.9:9 that has not finished its handshake');
  });

  test('keys outside their owner, where one asks for them', async t => {
    const { nodes, members } = await start(t);
    const [owner, holder] = nodes;
    // Slot of the key {a}: 15495, which the third primary owns.
    await holder?.send('CLUSTER', 'SETSLOT', '15495', 'IMPORTING', members[2]?.id ?? '');
    await Promise.all([holder?.send('ASKING'), holder?.send('SET', '{a}', 'stray')]);
    await holder?.send('CLUSTER', 'SETSLOT', '15495', 'STABLE');
    const entry = owner?.address ?? '';
    // Redis 8.4 and later count such keys in total only.
    const hidden = isBuildSince(build, { redis: [8, 4] });
    expect(await checkFrom([entry])).toEqual([]);
    for (const option of ['--search-multiple-owners', '--cluster-search-multiple-owners']) {
      const findings = await checkFrom([entry], option);
      const slots = hidden ? [] : [[15495, 15495]];
      expect(findings).toMatchObject([{ kind: 'keys-astray', nodes: [members[1]?.id], keys: 1, slots }]);
    }
    const { stdout } = await slotctl(['check', entry, '--search-multiple-owners']);
    expect(stdout).toContain(
      hidden
        ? `[WARNING] Node ${holder?.address} has 1 key in slots of others.\n`
        : `[WARNING] Slot 15495 has 2 owners:\n    ${nodes[2]?.address}\n    ${holder?.address}\n`,
    );
  });
});

describe('several databases in a cluster', () => {
  const build = serversUnderTest().find(
    ({ product, version }) => product === 'valkey' && Number(version.split('.')[0]) >= 9,
  );

  test.runIf(build)('keys outside their owner are found in all of them', async t => {
    if (!build) return;
    const cluster = await TestCluster.start({
      build,
      replicasPerPrimary: 0,
      config: ['cluster-databases 4'],
    });
    t.onTestFinished(() => cluster.dispose());
    const holder = cluster.node(1);
    await holder.send('CLUSTER', 'SETSLOT', '15495', 'IMPORTING', cluster.member(2).id);
    await Promise.all(
      ['SELECT 3', 'ASKING', 'SET {a} stray', 'SELECT 0'].map(line => holder.send(...line.split(' '))),
    );
    await holder.send('CLUSTER', 'SETSLOT', '15495', 'STABLE');
    const findings = await checkFrom([cluster.entry], '--search-multiple-owners');
    expect(findings).toMatchObject([{ kind: 'keys-astray', keys: 1, slots: [[15495, 15495]] }]);
    const info = await slotctl(['info', cluster.entry]);
    expect(info.stdout).toContain('[OK] 1 keys in 3 primaries.');
  });
});

describe('servers of different versions in one cluster', () => {
  const [first, ...others] = serversUnderTest().filter(build => build.product === 'redis');
  const second = others.at(-1);

  test.runIf(first && second)('are told, and are no error', async t => {
    if (!first || !second) return;
    // An older primary and a newer replica, as in the middle of an upgrade.
    const cluster = await TestCluster.start({ build: first, primaries: 1, builds: { 1: second } });
    t.onTestFinished(() => cluster.dispose());
    const findings = await checkFrom(cluster.nodes.map(node => node.address));
    expect(findings.map(f => [f.severity, f.kind])).toEqual([['warning', 'versions-mixed']]);
    expect(findings[0]?.summary).toContain(`redis ${first.version} on ${cluster.node(0).address}`);
    expect(findings[0]?.summary).toContain(`redis ${second.version} on ${cluster.node(1).address}`);
  });
});
