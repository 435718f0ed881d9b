/** Whatever a server sends, reading it ends in a value or in a ReplyShapeError, and in nothing else. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Command } from '../../src/resp/command.ts';
import * as atomic from '../../src/resp/commands/atomic-migration.ts';
import * as commands from '../../src/resp/commands/cluster.ts';
import * as membership from '../../src/resp/commands/membership.ts';
import * as slots from '../../src/resp/commands/slots.ts';
import { ErrorReply, type Reply, ReplyShapeError } from '../../src/resp/reply.ts';
import { nodeId } from '../../src/topology/node.ts';
import { SlotSet, slot } from '../../src/topology/slot-set.ts';
import { reply as captured, capturedServers } from '../support/fixtures.ts';

const ID = nodeId('a'.repeat(40));
const KEY = Buffer.from('key');
const SOME = SlotSet.range(0, 9);

const COMMANDS: readonly Command<unknown>[] = [
  commands.info(),
  commands.replicationInfo(),
  commands.clusterNodes(),
  commands.clusterState(),
  commands.dbsize(),
  commands.ping(),
  commands.replicaOffsets(),
  commands.select(0),
  commands.multi(),
  commands.queued(commands.dbsize()),
  commands.exec([commands.dbsize(), commands.dbsize()]),
  commands.keysInOwnSlots(),
  commands.countKeysInSlot(slot(0)),
  membership.configGet('x'),
  membership.functionLibraries(),
  membership.functionDump(),
  membership.replicate(ID),
  slots.importing(slot(0), ID),
  slots.keysInSlot(slot(0), 10),
  slots.memoryUsage(KEY),
  slots.migrate({ host: 'h', port: 1, database: 0, keys: [KEY], timeoutMs: 1, replace: false }),
  slots.dump(KEY),
  slots.timeToLive(KEY),
  atomic.importSlots(SOME),
  atomic.migrationTask('task'),
  atomic.migrationTasks(),
  atomic.cancelTask('task'),
  atomic.exportSlots(SOME, ID),
  atomic.migrationJobs(),
  atomic.cancelAllExports(),
  atomic.writeConditions(),
];

/** Words that decoders look for, so that chance gets further than the first look. */
const WORDS = [
  'OK',
  'QUEUED',
  'key-count',
  'library_name',
  'library_code',
  'state',
  'operation',
  'EXPORT',
  '',
];

const anyReply: fc.Arbitrary<Reply> = fc.letrec<{ reply: Reply }>(tie => ({
  reply: fc.oneof(
    { depthSize: 'medium', withCrossShrink: true },
    fc.constant(null),
    fc.constantFrom(...WORDS).map(word => Buffer.from(word)),
    fc.uint8Array({ maxLength: 40 }).map(bytes => Buffer.from(bytes)),
    fc.oneof(fc.integer(), fc.constantFrom(Number.MAX_VALUE, 2 ** 53, -1, 0)),
    fc.string({ maxLength: 20 }).map(text => new ErrorReply(text)),
    fc.array(tie('reply'), { maxLength: 6 }),
  ),
})).reply;

function read(command: Command<unknown>, reply: Reply): void {
  try {
    command.decode(reply);
  } catch (error) {
    if (!(error instanceof ReplyShapeError)) throw error;
    expect(error.message.length).toBeLessThan(500);
    expect(error.message).toMatch(/^[\x20-\x7e…]*$/);
  }
}

test.each(COMMANDS.map(command => ({ command, words: command.args.join(' ') })))('$words', ({ command }) => {
  fc.assert(
    fc.property(anyReply, reply => read(command, reply)),
    { numRuns: 300 },
  );
});

/** What real servers say, with some of it cut out, doubled or replaced. */
test.each([
  ['INFO', commands.info(), 'info-primary'],
  ['INFO of a replica', commands.replicationInfo(), 'info-replica'],
  ['CLUSTER NODES', commands.clusterNodes(), 'cluster-nodes-open-source'],
  ['CLUSTER INFO', commands.clusterState(), 'cluster-info'],
] as const)('%s, damaged', (_, command, fixture) => {
  const [server = ''] = capturedServers;
  const whole = captured(`${server}/${fixture}`);
  const place = fc.nat({ max: whole.length });
  fc.assert(
    fc.property(place, place, fc.uint8Array({ maxLength: 10 }), fc.boolean(), (a, b, bytes, twice) => {
      const [from, to] = [Math.min(a, b), Math.max(a, b)];
      const middle = twice ? [whole.subarray(from, to), bytes, whole.subarray(from, to)] : [bytes];
      read(command, Buffer.concat([whole.subarray(0, from), ...middle, whole.subarray(to)]));
    }),
    { numRuns: 300 },
  );
});
