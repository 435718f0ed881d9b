/** Sentences that scripts look for: both tools say them, and on the same stream. */
import { describe, expect, test } from 'vitest';
import { slotctl } from '../support/run-slotctl.ts';
import { EXPECTED, serversUnderTest } from '../support/servers.ts';
import { peerTool, Twin } from '../support/twins.ts';

interface Row {
  readonly line: string;
  readonly says: readonly string[];
  readonly on: 'stdout' | 'stderr';
  readonly after?: (twin: Twin) => Promise<unknown>;
  /** Where only one of the products says so. */
  readonly only?: 'redis' | 'valkey';
  /** Since then; older ones do not know the option. */
  readonly notBy?: string;
}

const NOBODY = '127.0.0.1:1';
const ADDRESS =
  '[ERR] Invalid arguments: you need to pass either a valid address (ie. 120.0.0.1:7000) or space separated IP and port (ie. 120.0.0.1 7000)';
const NOT_EMPTY =
  'is not empty. Either the node already knows other nodes (check with CLUSTER NODES) or contains some key in database 0.';
const DAMAGED = '*** Please fix your cluster problems before';
const LIBRARY = '#!lua name=mylib\nredis.register_function("f", function() return 1 end)';

const ROWS: readonly Row[] = [
  {
    line: '--cluster check SOURCE',
    says: ['[ERR] Node SOURCE is not configured as a cluster node.'],
    on: 'stdout',
  },
  {
    line: '--cluster add-node SOURCE @0',
    says: ['[ERR] Node SOURCE is not configured as a cluster node.'],
    on: 'stdout',
  },
  {
    line: `--cluster add-node ${NOBODY} @0`,
    says: [`[ERR] Sorry, can't connect to node ${NOBODY}`],
    on: 'stdout',
  },
  { line: '--cluster create @0 @1 @2', says: [`[ERR] Node @0 ${NOT_EMPTY}`], on: 'stdout' },
  { line: `--cluster check ${NOBODY}`, says: ['Could not connect to ', ` at ${NOBODY}: `], on: 'stderr' },
  ...[
    'check abc',
    'check 127.0.0.1:0',
    'check 127.0.0.1 x',
    'info abc',
    'fix abc',
    'reshard abc',
    'rebalance abc',
  ]
    .concat([
      'add-node abc @0',
      'add-node @6 abc',
      'del-node abc id0',
      'call abc ping',
      'set-timeout abc 1000',
    ])
    .concat(['backup abc FOLDER', 'import abc --cluster-from SOURCE'])
    .map((line): Row => ({ line: `--cluster ${line}`, says: [ADDRESS], on: 'stderr' })),
  { line: '--cluster create abc @1 @2', says: ['Invalid address format: abc'], on: 'stderr' },
  {
    line: '--cluster import @0',
    says: ["[ERR] Option '--cluster-from' is required for subcommand 'import'."],
    on: 'stderr',
  },
  {
    line: '--cluster import @0 --cluster-from abc',
    says: ['[ERR] Invalid --cluster-from host. You need to pass a valid address (ie. 120.0.0.1:7000).'],
    on: 'stderr',
  },
  {
    line: `--cluster import @0 --cluster-from ${NOBODY}`,
    says: ['Could not connect to ', ` at ${NOBODY}: `],
    on: 'stderr',
  },
  {
    line: '--cluster check @0 -t x',
    says: ['Invalid connection timeout for -t.'],
    on: 'stderr',
    notBy: 'redis-7.0',
  },
  {
    line: '-a pw --cluster check @0',
    says: [
      "Warning: Using a password with '-a' or '-u' option on the command line interface may not be safe.",
    ],
    on: 'stderr',
  },
  {
    line: '--cluster rebalance @0 --cluster-weight id0=1 --cluster-weight id1=1',
    says: [
      'WARNING: you cannot use --cluster-weight more than once.',
      'You can set more weights',
      '--cluster-weight n1=w n2=w',
    ],
    on: 'stderr',
  },
  {
    line: '--cluster set-timeout @0 50',
    says: ['Setting a node timeout of less than 100 milliseconds is a bad idea.'],
    on: 'stderr',
  },
  {
    line: '--cluster check @0 --nosuch',
    says: ["Unrecognized option or bad number of args for: '--nosuch'"],
    on: 'stderr',
  },
  {
    line: '--cluster del-node @0',
    says: ['[ERR] Wrong number of arguments for specified --cluster sub command'],
    on: 'stderr',
  },
  { line: '--cluster nosuch @0', says: ['Unknown --cluster subcommand'], on: 'stderr' },
  { line: '--cluster del-node @0 0123', says: ['[ERR] No such node ID 0123'], on: 'stdout' },
  {
    line: '--cluster reshard @0 --cluster-from id0 --cluster-to id0 --cluster-slots 1 --cluster-yes',
    says: ['*** No source nodes given, operation aborted.'],
    on: 'stderr',
  },
  {
    line: '--cluster reshard @0 --cluster-from id3 --cluster-to id0 --cluster-slots 1 --cluster-yes',
    says: ['*** The specified node (id3) is not known or not a '],
    on: 'stdout',
  },
  ...(['master', 'primary'] as const).flatMap((word): Row[] => {
    const only = word === 'master' ? 'redis' : 'valkey';
    return [
      {
        line: '--cluster add-node @6 @0 --cluster-slave --cluster-master-id 0123',
        says: [`[ERR] No such ${word} ID 0123`],
        on: 'stdout',
        only,
      },
      {
        line: '--cluster rebalance @0 --cluster-weight 0123=2',
        says: [`*** No such ${word} node 0123`],
        on: 'stdout',
        only,
      },
    ];
  }),
  {
    line: '--cluster add-node @6 @0',
    after: twin => twin.node(6).send('FUNCTION', 'LOAD', LIBRARY),
    says: [
      '>>> New node already contains functions and can not be added to the cluster. Use FUNCTION FLUSH and try again.',
    ],
    on: 'stdout',
  },
  // From here on a primary and its replica are down.
  {
    line: '--cluster check @0',
    after: endShard,
    says: ['[ERR] Not all 16384 slots are covered by nodes.'],
    on: 'stdout',
  },
  ...['check @0', 'info @0', 'rebalance @0', 'fix @0', 'add-node @7 @0'].map(
    (line): Row => ({
      line: `--cluster ${line}`,
      says: ['Could not connect to ', ' at @1: ', ' at @4: '],
      on: 'stderr',
    }),
  ),
  { line: '--cluster check @0', says: ['Could not connect to Redis at @1: '], on: 'stderr', only: 'redis' },
  { line: '--cluster check @0', says: ['Could not connect to Valkey at @1: '], on: 'stderr', only: 'valkey' },
  {
    line: '--cluster reshard @0 --cluster-from id0 --cluster-to id2 --cluster-slots 1 --cluster-yes',
    says: [`${DAMAGED} resharding`],
    on: 'stderr',
  },
  { line: '--cluster rebalance @0', says: [`${DAMAGED} rebalancing`], on: 'stdout' },
];

async function endShard(twin: Twin): Promise<void> {
  await Promise.all([twin.node(1).dispose(), twin.node(4).dispose()]);
}

const builds = serversUnderTest().filter(({ name }) => EXPECTED.includes(name));

describe.each(builds)('$name', build => {
  test('the same words on the same stream', async t => {
    const [ours, theirs] = await Promise.all([Twin.startFor(t, build), Twin.startFor(t, build)]);
    for (const { line, says, on, after, only = build.product, notBy } of ROWS) {
      if (only !== build.product || notBy === build.name) continue;
      await Promise.all([after?.(ours), after?.(theirs)]);
      const [own, peer] = await Promise.all([slotctl(ours.spell(line)), peerTool(build, theirs.spell(line))]);
      const missing = (text: string) => says.filter(words => !text.includes(words));
      expect
        .soft({ line, peer: missing(theirs.byPosition(peer[on])), own: missing(ours.byPosition(own[on])) })
        .toEqual({ line, peer: [], own: [] });
      expect.soft({ line, isSuccess: own.code === 0 }).toEqual({ line, isSuccess: false });
    }
  });
});
