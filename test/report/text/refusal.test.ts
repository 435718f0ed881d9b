/** What a refusal says in other circumstances than those of the tables in membership.test.ts and failover.test.ts. */
import { expect, test } from 'vitest';
import type { Refusal } from '../../../src/plan/refusal.ts';
import { NodeNames } from '../../../src/report/text/names.ts';
import { describeRefusal } from '../../../src/report/text/refusal.ts';
import type { NodeId } from '../../../src/topology/node.ts';
import { SlotSet } from '../../../src/topology/slot-set.ts';
import { draw } from '../../support/drawing.ts';

const cluster = draw(`
  A primary 0-16382
  B primary
  C primary
  a replica of B
  b replica of B
`);
const [A, B, a] = ['A', 'B', 'a'].map(cluster.id) as [NodeId, NodeId, NodeId];
const named = (refusal: Refusal) => cluster.named(describeRefusal(refusal, names));
const names = new NodeNames(cluster.snapshot);
const [n1, n2] = [1, 2].map(i => ({ host: `new${i}`, port: 7000 }));
if (!n1 || !n2) throw new Error();

test.each<[Refusal, sentence: string]>([
  [{ kind: 'same-node', nodes: [n1, n2, n1] }, 'new1:7000, new2:7000 and new1:7000 all are the same node.'],
  [
    { kind: 'loopback-mixed', loopback: [n1] },
    'new1:7000 is a loopback address, and the others are not; on another machine it means another node. Write the addresses by which the nodes reach each other.',
  ],
  [
    { kind: 'has-functions', node: n1, libraries: ['f'], differing: false },
    'Node new1:7000 has function libraries that the others would not have: f. FUNCTION FLUSH removes them.',
  ],
  [
    { kind: 'tls-differs', node: n1, tlsBus: true },
    'The cluster bus of new1:7000 speaks TLS, that of the cluster does not (tls-cluster); they could not talk to each other.',
  ],
  [
    { kind: 'too-few-primaries', nodes: 2, replicas: 2, primaries: 0 },
    'Redis Cluster requires at least 3 master nodes. This is not possible with 2 nodes and 2 replicas per node, which makes 0 primaries: at least 9 nodes are required.',
  ],
  [
    { kind: 'too-few-primaries', nodes: 2, primaries: 2 },
    'Redis Cluster requires at least 3 master nodes. 2 are named. With --force-few-primaries it is done, and no failure of a primary will ever be voted on: its slots stay down until it is back.',
  ],
  [
    { kind: 'last-copy', node: B, primary: A, lives: true, slots: SlotSet.of(9) },
    'B may have the only copy of slot 9 within reach: their owner A is alive but does not answer here. `slotctl check` shows why; correct that, and try again.',
  ],
  [
    { kind: 'no-primary-answers', refusing: [A, B] },
    'No primary answers: A and B are alive but refuse this login; `slotctl check` shows how. Log in as a user that every node accepts.',
  ],
  [
    {
      kind: 'wrong-address',
      wrong: { node: a, at: n1, answeredBy: B, isMember: false, heardBy: [] },
    },
    'Node a is expected at new1:7000, but a node outside the cluster (B) answers there. Correct what node a announces: cluster-announce-port (or cluster-announce-ip) leads to new1:7000.',
  ],
  [
    { kind: 'too-few-slots', sources: [], available: 0, wanted: 6 },
    'Nobody owns 0 slots that could move, and 6 are wanted.',
  ],
  [
    { kind: 'slots-in-doubt', slots: SlotSet.range(3, 4) },
    'slots 3-4 are claimed twice, or on the way already; moving them could lose keys. Fix that first.',
  ],
  [
    {
      kind: 'no-room',
      node: A,
      policy: 'noeviction',
      usedBytes: 2048,
      comingBytes: 8192,
      neededBytes: 11_264,
      mostBytes: 10_240,
    },
    'A has no room: it uses 2.0 KB, about 8.0 KB would be added (11.0 KB in all, with a margin), and its maxmemory is 10.0 KB; the move would stop half-way (maxmemory-policy noeviction). Give it more memory (CONFIG SET maxmemory), or move less; --despite-findings goes on.',
  ],
  [
    { kind: 'target-full', node: A, bytes: 2048, most: 1024, evicts: false },
    'A would need about 2.0 KB, has 1.0 KB (maxmemory), and refuses keys above that. Give it more memory, or leave the keys at the source with --cluster-copy; --despite-findings goes on.',
  ],
  [
    {
      kind: 'plan-outdated',
      differences: [
        { kind: 'slots-elsewhere', slots: SlotSet.of(7), from: A, to: B, owner: A },
        { kind: 'target-replica', node: B },
        { kind: 'owner-changed', slots: SlotSet.of(8), was: A, owner: B },
        { kind: 'situation-new', situation: 'epochs-equal', nodes: [A], slots: SlotSet.empty },
      ],
    },
    'The plan does not fit the cluster any more: slot 7, to go from A to B, belongs to A; B is a replica now; slot 8 of A belongs to B (--despite-findings goes on); A: situation 15 (epochs-equal) was not there.',
  ],
  [
    { kind: 'databases-clash', keys: [{ key: '"a"', databases: [0, 3] }], more: 0 },
    '"a" (databases 0 and 3) would become one key in the cluster, which has one database. --database-clash prefix puts dbN: in front of the keys of database N, --database-clash last takes the value of the highest database, --databases takes some of them only.',
  ],
  [
    { kind: 'replica-empty', node: a, primary: B, expected: 1, by: 'primary' },
    'a holds no keys, but its primary B holds 1 key: all keys of the shard would be lost, because the old primary would copy from it. Bring B back with its data, or choose another replica. `failover --despite-findings` does it anyway.',
  ],
  [
    { kind: 'replica-empty', node: a, primary: B, expected: 5, by: 'sibling' },
    'a holds no keys, but another replica of B holds 5 keys: all keys of the shard would be lost, because the old primary would copy from it. Bring B back with its data, or choose another replica. `failover --despite-findings` does it anyway.',
  ],
  [
    {
      kind: 'primary-silent',
      node: a,
      primary: B,
      life: { refused: 'login', reason: 'WRONGPASS', heardBy: [] },
    },
    'B, whose place a is to take, is alive, but cannot be asked to hand over: WRONGPASS. Log in as a user that it accepts, and try again.',
  ],
  [
    {
      kind: 'primary-silent',
      node: a,
      primary: B,
      life: { reason: 'connection refused', heardBy: [A] },
    },
    'B, whose place a is to take, is alive: A hears it, but it does not answer here: connection refused. Run this from where it can be reached. If it has just gone down, the others will notice within the node timeout; try again then.',
  ],
  [
    { kind: 'shard-in-motion', primary: A, slots: SlotSet.range(7, 8) },
    'slots 7-8 of A are on the way; a failover would leave the move half done. Let it finish, or repair it with `slotctl fix`; then try again. `failover --despite-findings` goes on.',
  ],
  [
    { kind: 'nobody-as-wanted', primary: A, versions: [], hosts: [] },
    'No replica of A that answers could take over.',
  ],
  [{ kind: 'no-such-node', word: 'a\u001b[2Jb\u202e' }, 'No such node ID a?[2Jb?.'],
  [{ kind: 'no-such-primary', word: 'x'.repeat(101) }, `No such master ID ${'x'.repeat(100)}….`],
])('%j', (refusal, sentence) => {
  expect(named(refusal)).toBe(sentence);
});
