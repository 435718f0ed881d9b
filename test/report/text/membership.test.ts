import { describe, expect, test } from 'vitest';
import type { FailoverRefusal } from '../../../src/plan/failover/refusal.ts';
import { planCreate } from '../../../src/plan/membership/create.ts';
import { placeOfApplicant, readZoneMap } from '../../../src/plan/placement/zone-map.ts';
import type { Refusal } from '../../../src/plan/refusal.ts';
import type { PlanEvent, Step } from '../../../src/plan/step.ts';
import { eventLine } from '../../../src/report/json/change-events.ts';
import { plain } from '../../../src/report/paint.ts';
import { renderCreatePlan } from '../../../src/report/text/create.ts';
import { NodeNames } from '../../../src/report/text/names.ts';
import { describeGaps } from '../../../src/report/text/problem.ts';
import { failureLines, stageLines } from '../../../src/report/text/progress.ts';
import { describeRefusal } from '../../../src/report/text/refusal.ts';
import type { Gap } from '../../../src/topology/agreement.ts';
import { diagnose, NO_WISHES } from '../../../src/topology/diagnose.ts';
import { membersOf } from '../../../src/topology/members.ts';
import { formatAddress, type NodeId } from '../../../src/topology/node.ts';
import { SlotSet } from '../../../src/topology/slot-set.ts';
import { draw } from '../../support/drawing.ts';
import { planOf } from '../../support/plan-text.ts';

const cluster = draw(`
  A primary 0-16382
  B primary
  C primary
  a replica of B
  b replica of B
`);
const [A, B, a, b] = ['A', 'B', 'a', 'b'].map(cluster.id) as [NodeId, NodeId, NodeId, NodeId];
const names = new NodeNames(cluster.snapshot);
const [n1, n2] = [1, 2].map(i => ({ host: `new${i}`, port: 7000 }));
if (!n1 || !n2) throw new Error();

/** Those of a failover have a test of their own. */
type Kind = Exclude<Refusal, FailoverRefusal>['kind'];

/** One of every kind: a kind that is missing here does not compile. */
const refusals: { readonly [K in Kind]: [Extract<Refusal, { kind: K }>, sentence: string] } = {
  silent: [{ kind: 'silent', node: n1, reason: 'connection refused' }, 'new1:7000: connection refused.'],
  'same-node': [{ kind: 'same-node', nodes: [n1, n2] }, 'new1:7000 and new2:7000 are the same node.'],
  'knows-others': [
    { kind: 'knows-others', node: n1, others: 1 },
    'Node new1:7000 is not empty: it already knows 1 other node. If they are a cluster that somebody uses, this is the wrong node; else CLUSTER RESET makes it forget them.',
  ],
  'holds-keys': [
    { kind: 'holds-keys', node: n1, keys: 2 },
    'Node new1:7000 is not empty: it holds 2 keys, which nobody could reach afterwards.',
  ],
  'owns-slots': [
    { kind: 'owns-slots', node: n1, slots: SlotSet.of(7, 8) },
    'Node new1:7000 already owns slots 7-8. CLUSTER RESET takes them away.',
  ],
  'is-replica': [
    { kind: 'is-replica', node: n1 },
    'Node new1:7000 is a replica already. CLUSTER RESET makes it an empty primary.',
  ],
  'has-epoch': [
    { kind: 'has-epoch', node: n1, epoch: 9 },
    'Node new1:7000 already has the config epoch 9; it was in a cluster before. CLUSTER RESET HARD takes it away.',
  ],
  'has-functions': [
    { kind: 'has-functions', node: n1, libraries: ['f', 'g'], differing: true },
    'Node new1:7000 has function libraries that differ from those of the cluster: f, g. FUNCTION FLUSH removes them.',
  ],
  'tls-differs': [
    { kind: 'tls-differs', node: n1, tlsBus: false },
    'The cluster bus of new1:7000 does not speak TLS, that of the cluster does (tls-cluster); they could not talk to each other.',
  ],
  'products-mixed': [
    { kind: 'products-mixed', redis: [n1], valkey: [], cluster: 'valkey' },
    'new1:7000 is Redis, the cluster is Valkey; in one cluster they send clients to wrong addresses. --force-mixed does it anyway.',
  ],
  'replica-older': [
    { kind: 'replica-older', node: B, primary: A },
    'B is older than A and could not read its data as a replica. --force-mixed tries anyway.',
  ],
  'cannot-own-slots': [
    { kind: 'cannot-own-slots', node: B },
    'The specified node (B) is not known or not a master, please retry.',
  ],
  'source-is-target': [
    { kind: 'source-is-target', node: B },
    'It is not possible to use the target node B as source node.',
  ],
  'too-few-slots': [
    { kind: 'too-few-slots', sources: [A], available: 5, wanted: 6 },
    'A owns 5 slots that could move, and 6 are wanted.',
  ],
  'slots-unowned': [
    { kind: 'slots-unowned', slots: SlotSet.range(3, 4) },
    'Nobody owns slots 3-4; there is nothing to move.',
  ],
  'slots-in-doubt': [
    { kind: 'slots-in-doubt', slots: SlotSet.of(3) },
    'slot 3 is claimed twice, or on the way already; moving it could lose keys. Fix that first.',
  ],
  'target-older': [
    { kind: 'target-older', node: a, source: b },
    'a cannot read what b sends: its version is older, or of another kind, and no key could move. Upgrade it first; --despite-findings tries anyway.',
  ],
  'no-other-primary': [
    { kind: 'no-other-primary' },
    'Slots move from one primary to another, and no other one answers.',
  ],
  'nobody-to-ask': [
    { kind: 'nobody-to-ask', open: ['count', 'to', 'from'] },
    'Nobody answered, so this is still missing: how many slots are to move (--cluster-slots), who gets them (--cluster-to) and whose they are (--cluster-from).',
  ],
  'not-understood': [
    { kind: 'not-understood', open: ['from'], answers: 10 },
    'After 10 answers that could not be used it is still open whose they are (--cluster-from).',
  ],
  'no-sources': [
    { kind: 'no-sources' },
    'No source nodes given, operation aborted. --cluster-from names them, too.',
  ],
  'two-weights': [{ kind: 'two-weights', node: A, weights: [1, 2] }, 'A is given several weights: 1, 2.'],
  'all-weights-zero': [{ kind: 'all-weights-zero' }, 'All weights are 0; nobody is left to own the slots.'],
  'plan-outdated': [
    {
      kind: 'plan-outdated',
      differences: [
        { kind: 'slots-elsewhere', slots: SlotSet.of(7), from: A, to: B },
        { kind: 'target-gone', node: B },
      ],
    },
    'The plan does not fit the cluster any more: slot 7, to go from A to B, belongs to nobody; B is gone.',
  ],
  'only-node': [
    { kind: 'only-node', node: B },
    'B is the only node there is in its own view; name a node of the cluster that it is to leave.',
  ],
  'last-copy': [
    { kind: 'last-copy', node: B, primary: A, slots: SlotSet.range(0, 9) },
    'B has the only copy of slots 0-9: their owner A does not answer. Bring it back, or let the replica take over (CLUSTER FAILOVER TAKEOVER); then try again.',
  ],
  'wrong-address': [
    {
      kind: 'wrong-address',
      wrong: { node: a, at: n1, answeredBy: B, isMember: true, heardBy: [A], mapLine: 'n=m' },
    },
    'Node a is expected at new1:7000, but node B answers there; it is alive: A hears it. Correct the line n=m of --address-map; if it is right, correct cluster-announce-port of node a.',
  ],
  'still-loading': [
    { kind: 'still-loading', node: B },
    'B is loading its data and takes no commands; try again when it has finished, or let it go as it is with --keep-data.',
  ],
  'functions-hidden': [
    { kind: 'functions-hidden', node: A },
    'The user may not ask A for its functions (+function), so they would be missing on the new node. --despite-findings goes on without them.',
  ],
  'working-cluster': [
    { kind: 'working-cluster', keys: 3 },
    'These nodes are a working cluster that holds 3 keys; there is no failed create to undo.',
  ],
  'several-clusters': [
    { kind: 'several-clusters', groups: [[n1], [n2]] },
    'These nodes belong to several clusters: new1:7000; new2:7000. One create makes one.',
  ],
  'tls-mixed': [
    { kind: 'tls-mixed', withTls: [n1], without: [n2] },
    'The cluster bus of new1:7000 speaks TLS (tls-cluster yes), that of new2:7000 does not; they could not talk to each other.',
  ],
  'loopback-mixed': [
    { kind: 'loopback-mixed', loopback: [n1, n2] },
    'new1:7000 and new2:7000 are loopback addresses, and the others are not; on another machine it means another node. Write the addresses by which the nodes reach each other.',
  ],
  'too-few-primaries': [
    { kind: 'too-few-primaries', nodes: 5, replicas: 1, primaries: 2 },
    'Redis Cluster requires at least 3 master nodes. This is not possible with 5 nodes and 1 replica per node, which makes 2 primaries: at least 6 nodes are required. With --force-few-primaries it is done, and no failure of a primary will ever be voted on: its slots stay down until it is back.',
  ],
  'wrong-roles': [
    { kind: 'wrong-roles', problem: 'new1:7000 is given two roles' },
    'new1:7000 is given two roles.',
  ],
  'cluster-damaged': [
    { kind: 'cluster-damaged', findings: diagnose(cluster.snapshot, NO_WISHES).slice(0, 1) },
    'The cluster is not healthy: No node owns slot 16383. Mend it first, or go on with --despite-findings.',
  ],
  'no-such-node': [{ kind: 'no-such-node', word: 'abc' }, 'No such node ID abc.'],
  'no-such-primary': [{ kind: 'no-such-primary', word: 'abc' }, 'No such master ID abc.'],
  'replica-elsewhere': [
    { kind: 'replica-elsewhere', node: n1 },
    'new1:7000 is in the cluster already, as a replica of another primary; `slotctl replicate` moves it.',
  ],
  'ambiguous-node': [
    { kind: 'ambiguous-node', word: 'ab', matches: [A, B] },
    'ab could be A and B; write more of the id.',
  ],
  'not-a-primary': [
    { kind: 'not-a-primary', node: a },
    'a (a) is not a primary; a replica can only replicate a primary.',
  ],
  'does-not-answer': [{ kind: 'does-not-answer', node: B }, 'B does not answer.'],
  'has-slots': [
    { kind: 'has-slots', node: A, slots: SlotSet.of(0, 1) },
    'Node A is not empty! Reshard data away and try again. It owns slots 0-1; `del-node --drain` moves them away first.',
  ],
  'has-stray-keys': [
    { kind: 'has-stray-keys', node: B, keys: 1 },
    'Node B owns no slots and still holds 1 key; `check --search-multiple-owners` tells more. With --keep-data it leaves the cluster and is not reset.',
  ],
  'has-replicas': [
    { kind: 'has-replicas', node: B, replicas: [a, b] },
    'B has replicas of its own: a and b. Give them another primary first.',
  ],
  'replicates-itself': [{ kind: 'replicates-itself', node: B }, 'B cannot be a replica of itself.'],
  'no-owner': [{ kind: 'no-owner' }, 'No primary that answers owns slots, so there is nothing to replicate.'],
  'no-primary-answers': [
    { kind: 'no-primary-answers' },
    'No primary answers; there is nobody who could own slots. Bring one back, or let a replica take over (CLUSTER FAILOVER TAKEOVER).',
  ],
  'no-primary-left': [
    { kind: 'no-primary-left', node: B },
    'There is no primary left to take over the replicas of B.',
  ],
  'same-cluster': [
    { kind: 'same-cluster', node: n1 },
    'new1:7000 is a node of the very cluster that its keys would go to.',
  ],
  'source-damaged': [
    { kind: 'source-damaged', findings: diagnose(cluster.snapshot, NO_WISHES).slice(0, 1) },
    'The source is not healthy: No node owns slot 16383. Keys could be missed. Mend it first, or go on with --despite-findings.',
  ],
  'source-replica': [
    { kind: 'source-replica', node: n1 },
    'new1:7000 is a replica, and cannot let go of keys. Name its primary, or copy from it with --cluster-copy --through-here.',
  ],
  'source-newer': [
    { kind: 'source-newer', node: A, source: n1, version: '8.6.3' },
    'A cannot read what new1:7000 (8.6.3) sends: its version is older, or of another kind, and no key could come over. --despite-findings tries anyway.',
  ],
  'target-full': [
    { kind: 'target-full', node: A, bytes: 2048, most: 1024, evicts: true },
    'A would need about 2.0 KB, has 1.0 KB (maxmemory), and evicts keys above that (maxmemory-policy): they would be gone from the source, too. Give it more memory, or leave the keys at the source with --cluster-copy; --despite-findings goes on.',
  ],
  'login-in-clear': [
    { kind: 'login-in-clear', source: n1 },
    'new1:7000 is reached in plain text, and would be sent the login of the cluster (MIGRATE makes the source log in there), which uses TLS. Reach the source over TLS (--cluster-from-tls), or let the values pass through this machine: --through-here.',
  ],
  'source-sends-plain': [
    { kind: 'source-sends-plain', source: n1 },
    'new1:7000 does not use TLS to the nodes it sends keys to (tls-cluster no), and the cluster accepts nothing else: no key could be imported. Set tls-cluster yes there, or let the values pass through this machine: --through-here.',
  ],
  'no-room': [
    {
      kind: 'no-room',
      node: A,
      policy: 'allkeys-lru',
      usedBytes: 2048,
      comingBytes: 8192,
      neededBytes: 11_264,
      mostBytes: 10_240,
    },
    'A has no room: it uses 2.0 KB, about 8.0 KB would be added (11.0 KB in all, with a margin), and its maxmemory is 10.0 KB; it would evict keys (maxmemory-policy allkeys-lru) that the source has deleted by then. Give it more memory (CONFIG SET maxmemory), or move less; --despite-findings goes on.',
  ],
  'databases-clash': [
    { kind: 'databases-clash', keys: [{ key: '"a"', databases: [0, 3] }], more: 2 },
    '"a" (databases 0 and 3) and 2 more keys would become one key each in the cluster, which has one database. --database-clash prefix puts dbN: in front of the keys of database N, --database-clash last takes the value of the highest database, --databases takes some of them only.',
  ],
};

describe('a refusal', () => {
  test.each(Object.values(refusals))('$kind', (refusal, sentence) => {
    expect(cluster.named(describeRefusal(refusal, names))).toBe(sentence);
  });

  test.each<[Refusal, RegExp]>([
    [
      { kind: 'same-node', nodes: [n1, n2, n1] },
      /^new1:7000, new2:7000 and new1:7000 all are the same node\.$/,
    ],
    [{ kind: 'loopback-mixed', loopback: [n1] }, /^new1:7000 is a loopback address, and /],
    [
      { kind: 'has-functions', node: n1, libraries: ['f'], differing: false },
      /has function libraries that the others would not have: f\./,
    ],
    [{ kind: 'too-few-primaries', nodes: 2, replicas: 2, primaries: 0 }, /at least 9 nodes are required\.$/],
  ])('$kind in other circumstances', (refusal, sentence) => {
    expect(describeRefusal(refusal, names)).toMatch(sentence);
  });
});

const ten = draw(Array.from({ length: 10 }, (_, i) => `n${i} primary`).join('\n'));
const tenNames = new NodeNames(ten.snapshot);
const buses = new Map(
  membersOf(ten.snapshot).flatMap(({ id, meetAt }) =>
    meetAt ? [[id, formatAddress({ host: meetAt.ip, port: meetAt.busPort })]] : [],
  ),
);
const all = Array.from({ length: 10 }, (_, i) => ten.id(`n${i}`));

/** A gap for every two of which the first cannot reach the second. */
function gapsWhere(apart: (who: number, about: number) => boolean, kind: 'unknown' | 'unlinked'): Gap[] {
  return all.flatMap((who, i) =>
    all.flatMap((about, j): Gap[] => (i !== j && apart(i, j) ? [{ kind, who, about }] : [])),
  );
}

const described = (gaps: readonly Gap[]) => describeGaps(gaps, tenNames, buses).map(line => ten.named(line));

describe('nodes that do not come together', () => {
  test.each(['unknown', 'unlinked'] as const)('one behind a closed port is named, with its bus: %s', kind => {
    expect(described(gapsWhere((_, about) => about === 3, kind))).toEqual([
      'n3: n0, n1, n2, n4, n5, n6 and 3 more have no connection to its cluster bus at host-n3:17003. Open that port between the nodes.',
    ]);
  });

  test('one that neither hears nor is heard', () => {
    expect(described(gapsWhere((who, about) => who === 3 || about === 3, 'unknown'))).toEqual([
      'n3: n0, n1, n2, n4, n5, n6 and 3 more have no connection to its cluster bus at host-n3:17003; it has none to the buses of n0, n1, n2, n4, n5, n6 and 3 more (host-n0:17000, host-n1:17001, host-n2:17002, host-n4:17004, host-n5:17005, host-n6:17006). Open these ports between the nodes.',
    ]);
  });

  test('two behind closed ports are two, and nobody else', () => {
    const lines = described(gapsWhere((_, about) => about === 3 || about === 7, 'unlinked'));
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatch(/^n3: .* at host-n3:17003/);
    expect(lines[1]).toMatch(/^n7: .* at host-n7:17007/);
  });

  test('two halves that cannot hear each other: the nodes of one of them are enough to name all', () => {
    const half = (node: number) => Math.floor(node / 5);
    const lines = described(gapsWhere((who, about) => half(who) !== half(about), 'unlinked'));
    expect(lines).toHaveLength(5);
    const culprits = lines.map(line => Number(/^n(\d):/.exec(line)?.[1]));
    expect(new Set(culprits.map(half)).size).toBe(1);
    for (const line of lines) expect(line).toContain('it has none to the buses of');
  });

  test.each([
    [1, 2],
    [2, 1],
  ])('n%d has not heard of n%d: that is the one whose port is looked at', (speaker, other) => {
    expect(described(gapsWhere((who, about) => who === speaker && about === other, 'unknown'))).toEqual([
      `n${other}: n${speaker} has no connection to its cluster bus at host-n${other}:1700${other}. Open that port between the nodes.`,
    ]);
  });

  test('what follows from that is not told besides', () => {
    const [who, about] = [all[1], all[2]];
    if (!who || !about) throw new Error();
    const gaps = gapsWhere((first, second) => first === 1 && second === 2, 'unlinked');
    expect(described([...gaps, { kind: 'not-ok', who }, { kind: 'outdated', who, about }])).toHaveLength(1);
  });
});

test('nodes that know each other and are not through', () => {
  const [n0, n1st, n2nd] = all;
  if (!n0 || !n1st || !n2nd) throw new Error();
  const gaps: Gap[] = [
    { kind: 'outdated', who: n0, about: n1st },
    { kind: 'outdated', who: n2nd, about: n1st },
    { kind: 'not-ok', who: n0 },
    { kind: 'no-data', who: n1st, about: n2nd },
    { kind: 'loading', who: n1st },
  ];
  const lines = described(gaps);
  expect(lines).toContain('n0 and n2 do not know yet what the others are.');
  expect(lines).toContain('n0 says cluster_state:fail.');
  expect(lines).toContain('n1 is loading data, and can be asked later.');
  expect(lines.find(line => line.includes('n1') && line.includes('n2'))).toMatch(/gets no data .*masterauth/);
});

test('a step that fails for want of agreement says how long it waited, and where the bus is', () => {
  const [who, about] = all;
  if (!who || !about) throw new Error();
  const step: Step = {
    kind: 'join',
    introductions: [],
    newcomers: [about],
    members: membersOf(ten.snapshot),
  };
  const problem = { kind: 'no-agreement', gaps: [{ kind: 'unknown', who, about }], waitedMs: 1500 } as const;
  const plan = { before: ten.snapshot, stages: [], remarks: [] };
  expect(failureLines({ kind: 'step-failed', step, problem }, plan, tenNames).map(ten.named)).toEqual([
    'The nodes did not come to agree within 1.5 s (--join-timeout).',
    'n1: n0 has no connection to its cluster bus at host-n1:17001. Open that port between the nodes.',
    'A node that calls from another address than it is known by needs cluster-announce-ip.',
  ]);
});

const members = membersOf(cluster.snapshot);

describe('a stage is announced in the classic words', () => {
  const lines = (...stage: Step[]) => stageLines(stage, names, plain).map(cluster.named);

  test('once for many steps of a kind', () => {
    expect(
      lines(
        { kind: 'set-epoch', node: A, epoch: 1 },
        { kind: 'assign-slots', node: A, slots: SlotSet.of(1) },
        { kind: 'set-epoch', node: B, epoch: 2 },
      ),
    ).toEqual(['>>> Nodes configuration updated', '>>> Assign a different config epoch to each node']);
  });

  test('of those who join', () => {
    const newcomers = members.map(({ id }) => id);
    expect(lines({ kind: 'join', introductions: [], newcomers, members })).toEqual([
      '>>> Sending CLUSTER MEET messages to join the cluster',
      'Waiting for the cluster to join',
    ]);
    expect(lines({ kind: 'join', introductions: [], newcomers: [a], members })).toEqual([
      '>>> Send CLUSTER MEET to node a to make it join the cluster.',
      'Waiting for the cluster to join',
    ]);
  });

  test('of those who become replicas', () => {
    expect(lines({ kind: 'replicate', node: a, primary: A })).toEqual([
      '>>> Configure node as replica of A.',
    ]);
    expect(
      lines({ kind: 'replicate', node: a, primary: A }, { kind: 'replicate', node: b, primary: B }),
    ).toEqual(['>>> Configure node a as replica of A.', '>>> Configure node b as replica of B.']);
  });

  test.each<[Step, string]>([
    [{ kind: 'copy-functions', node: B, from: A }, '>>> Copying the functions of A to B'],
    [
      { kind: 'agree', members, concerned: [a], wantsOk: true, wantsCopies: false },
      '>>> Waiting until every node knows every role and slot',
    ],
    [{ kind: 'forget', node: A, victim: B }, '>>> Sending CLUSTER FORGET messages to the cluster...'],
    [{ kind: 'stay-forgotten', witnesses: [A], victims: [B] }, '>>> Making sure that nobody brings it back'],
    [{ kind: 'reset', node: B, mode: 'soft' }, '>>> Sending CLUSTER RESET SOFT to the deleted node.'],
    [{ kind: 'reset', node: B, mode: 'hard' }, '>>> Sending CLUSTER RESET HARD to the deleted node.'],
    [{ kind: 'shutdown', node: B }, '>>> SHUTDOWN the node B.'],
  ])('$kind', (step, line) => {
    expect(lines(step)).toEqual([line]);
  });
});

function renderCreate(drawing: string, replicas: number, zones = '') {
  const { applicants, named } = draw(drawing);
  const map = readZoneMap(zones);
  const decision = planCreate({
    nodes: applicants,
    roles: { kind: 'counted', replicas },
    placeOf: node => placeOfApplicant(node, map),
    allowFewPrimaries: false,
    allowMixed: false,
  });
  return named(renderCreatePlan(planOf(decision), plain));
}

const SIX = [...'ABCDEF']
  .map((name, i) => `${name} primary alone host=h${(i % 3) + 1} product=redis`)
  .join('\n');

describe('a cluster that is about to be made', () => {
  test('is shown in the classic lines, and then host by host', () => {
    expect(renderCreate(SIX, 1)).toBe(`>>> Performing hash slots allocation on 6 nodes...
Master[0] -> Slots 0 - 5460
Master[1] -> Slots 5461 - 10922
Master[2] -> Slots 10923 - 16383
Adding replica F to A
Adding replica D to B
Adding replica E to C
[OK] Perfect anti-affinity obtained!
M: A A
   slots:[0-5460] (5461 slots) master
S: F F
   replicates A
M: B B
   slots:[5461-10922] (5462 slots) master
S: D D
   replicates B
M: C C
   slots:[10923-16383] (5461 slots) master
S: E E
   replicates C

host  primaries  replicas
h1    A    D of B
h2    B    E of C
h3    C    F of A
`);
  });

  test('is called in the words of Valkey where its servers are that', () => {
    const text = renderCreate(SIX.replaceAll('redis', 'valkey').replaceAll(/host=h\d/g, 'host=h1'), 1);
    expect(text).toContain('Primary[0] -> Slots 0 - 5460\nPrimary[1] -> Slots 5461 - 10922\n');
    expect(text).toContain('[WARNING] Some replicas are in the same host as their primary (3 replicas');
    expect(text).not.toMatch(/Master|slaves/);
  });

  test('says what would be lost together, in numbers', () => {
    expect(renderCreate(SIX.replaceAll(/host=h\d/g, 'host=h1'), 1)).toContain(
      '[WARNING] Some slaves are in the same host as their master (3 replicas',
    );
    expect(renderCreate(SIX, 1, 'h1=x,h2=x,h3=x')).toContain(
      '[WARNING] Some slaves are in the same zone as their master (3 replicas)',
    );
  });

  test('says nothing of anti-affinity where there are no replicas', () => {
    expect(renderCreate(SIX, 0)).not.toContain('anti-affinity');
  });

  test('is shown with zones where they are known', () => {
    expect(renderCreate(SIX, 0, 'h1=x,h2=y')).toMatch(/\nzone {2}host {2}primaries/);
  });
});

describe('a change as a stream for programs', () => {
  const parsed = (line: string) => {
    expect(line).toMatch(/^[^\n]+\n$/);
    return JSON.parse(cluster.named(line)) as object;
  };

  test('a refusal has its fields, and a sentence', () => {
    const list = Object.values(refusals).map(([refusal]) => refusal);
    const document = parsed(eventLine({ event: 'refused', command: 'create', refusals: list }, names));
    expect(document).toMatchObject({ version: 1, event: 'refused', command: 'create' });
    expect(document).toHaveProperty('refusals.length', list.length);
    expect(document).toMatchObject({
      refusals: Object.values(refusals).map(([{ kind }, text]) => ({ kind, text })),
    });
    expect(document).toHaveProperty('refusals.4.slots', [[7, 8]]);
  });

  test('a plan has its stages', () => {
    const stages: Step[][] = [
      [{ kind: 'assign-slots', node: A, slots: SlotSet.range(0, 9) }],
      [{ kind: 'agree', members: members.slice(0, 1), concerned: [A], wantsOk: true, wantsCopies: false }],
    ];
    const plan = { before: cluster.snapshot, stages, remarks: [] };
    expect(parsed(eventLine({ event: 'plan', command: 'create', plan }, names))).toEqual({
      version: 1,
      event: 'plan',
      command: 'create',
      remarks: [],
      stages: [
        [{ kind: 'assign-slots', node: 'A', slots: [[0, 9]] }],
        [
          {
            kind: 'agree',
            members: [
              {
                id: 'A',
                address: { host: 'host-A', port: 7000 },
                meetAt: { ip: 'host-A', port: 7000, busPort: 17000 },
              },
            ],
            concerned: ['A'],
            wantsOk: true,
            wantsCopies: false,
          },
        ],
      ],
    });
  });

  test.each<[Exclude<PlanEvent, { kind: 'waiting' }>, object]>([
    [
      {
        kind: 'stage-began',
        stage: [
          { kind: 'reset', node: B, mode: 'soft' },
          { kind: 'shutdown', node: B },
        ],
      },
      { version: 1, event: 'stage', steps: ['reset', 'shutdown'] },
    ],
    [
      { kind: 'step-done', step: { kind: 'reset', node: B, mode: 'soft' } },
      { version: 1, event: 'step-done', step: { kind: 'reset', node: 'B', mode: 'soft' } },
    ],
    [
      {
        kind: 'step-failed',
        step: { kind: 'shutdown', node: B },
        problem: { kind: 'node', node: 'B', message: 'no permission' },
      },
      {
        version: 1,
        event: 'step-failed',
        step: { kind: 'shutdown', node: 'B' },
        problem: { kind: 'node', node: 'B', message: 'no permission' },
        text: 'Node B: no permission.',
      },
    ],
    [
      {
        kind: 'step-failed',
        step: { kind: 'stay-forgotten', witnesses: [A], victims: [B] },
        problem: { kind: 'remembered', by: [A], waitedMs: 60_000 },
      },
      {
        version: 1,
        event: 'step-failed',
        step: { kind: 'stay-forgotten', witnesses: ['A'], victims: ['B'] },
        problem: { kind: 'remembered', by: ['A'], waitedMs: 60_000 },
        text: expect.stringMatching(/^A still knows it after 60 s/),
      },
    ],
    [
      {
        kind: 'step-failed',
        step: { kind: 'join', newcomers: [B], introductions: [], members: [] },
        problem: { kind: 'banned', by: [A], waitedMs: 5000 },
      },
      expect.objectContaining({
        problem: { kind: 'banned', by: ['A'], waitedMs: 5000 },
        text: expect.stringMatching(/^After 5 s \(--join-timeout\) A still has orders to forget the id/),
      }),
    ],
    // Programs get the sentences that people get, and not what we call things among ourselves.
    [
      {
        kind: 'step-failed',
        step: { kind: 'shutdown', node: B },
        problem: { kind: 'move', why: { kind: 'same-epoch' } },
      },
      expect.objectContaining({
        problem: { kind: 'move', message: 'source and target have the same config epoch' },
        text: 'source and target have the same config epoch.',
      }),
    ],
    [
      { kind: 'noted', step: { kind: 'shutdown', node: B }, note: { kind: 'deaf-replica' } },
      {
        version: 1,
        event: 'note',
        text: 'it does not hear its primary on the cluster bus; waiting until it does',
      },
    ],
  ])('$kind', (of, expected) => {
    const plan = { before: cluster.snapshot, stages: [], remarks: [] };
    expect(parsed(eventLine({ event: 'progress', of, plan }, names))).toEqual(expected);
  });

  test('the end has the exit code', () => {
    const end = { event: 'end', command: 'create', code: 4, text: 'Nothing was changed.' } as const;
    expect(parsed(eventLine(end, names))).toEqual({ version: 1, ...end });
  });
});
