/** The words on the wire, exactly, of the commands that mend; and what servers may answer. */
import { describe, expect, test } from 'vitest';
import { type Command, showWords } from '../../src/resp/command.ts';
import {
  bumpEpoch,
  delSlots,
  execUnlessChanged,
  exists,
  idleTime,
  lastStreamId,
  remove,
  restore,
  takeOver,
  typeOf,
  unwatch,
  watch,
} from '../../src/resp/mending-commands.ts';
import { migrationJobs, migrationTasks } from '../../src/resp/migration-reports.ts';
import { ErrorReply, type Reply, ReplyShapeError } from '../../src/resp/reply.ts';
import { SlotSet } from '../../src/topology/slot-set.ts';

const key = Buffer.from('k');
const payload = Buffer.from('p');

describe('the words', () => {
  test.each<[Command<unknown>, string]>([
    [delSlots(SlotSet.parse('1-3,9'), true), 'CLUSTER DELSLOTSRANGE 1 3 9 9'],
    [delSlots(SlotSet.parse('1-3,9'), false), 'CLUSTER DELSLOTS 1 2 3 9'],
    [bumpEpoch(), 'CLUSTER BUMPEPOCH'],
    [takeOver(), 'CLUSTER FAILOVER TAKEOVER'],
    [exists(key), 'EXISTS k'],
    [typeOf(key), 'TYPE k'],
    [remove(key), 'DEL k'],
    [watch(key), 'WATCH k'],
    [unwatch(), 'UNWATCH'],
    [restore(key, { payload }, false), 'RESTORE k 0 p'],
    [restore(key, { payload, ttlMs: 7 }, true), 'RESTORE k 7 p REPLACE'],
    [execUnlessChanged(), 'EXEC'],
    [idleTime(key), 'OBJECT IDLETIME k'],
    [lastStreamId(key), 'XINFO STREAM k'],
    [migrationTasks(), 'CLUSTER MIGRATION STATUS ALL'],
    [migrationJobs(), 'CLUSTER GETSLOTMIGRATIONS'],
  ])('%#', (command, words) => {
    expect(showWords(command)).toBe(words);
  });
});

const words = (...texts: (string | number)[]): Reply =>
  texts.map(text => (typeof text === 'number' ? text : Buffer.from(text)));

describe('the replies', () => {
  test('EXEC says whether a watched key was changed, and throws where the command failed', () => {
    const { decode } = execUnlessChanged();
    expect(decode(null)).toBe(false);
    expect(decode([1])).toBe(true);
    expect(() => decode([new ErrorReply('BUSYKEY')])).toThrow(ReplyShapeError);
  });

  test('a stream tells its last id', () => {
    const { decode } = lastStreamId(key);
    expect(decode(words('length', 1, 'last-generated-id', '12-3'))).toEqual([12, 3]);
    expect(() => decode(words('length', 1))).toThrow(ReplyShapeError);
  });

  test('an epoch is bumped, or is the newest already', () => {
    const { decode } = bumpEpoch();
    expect(() => decode(Buffer.from('BUMPED 7'))).not.toThrow();
    expect(() => decode(Buffer.from('STILL 7'))).not.toThrow();
    expect(() => decode(Buffer.from('OK'))).toThrow(ReplyShapeError);
  });

  const [source, target] = ['a'.repeat(40), 'b'.repeat(40)];

  test('Redis calls a migration failed that it begins anew; only the end of it is the end', () => {
    const ends = ['source', source, 'dest', target];
    const task = (state: string, end: number) =>
      words(
        'id',
        'x',
        'slots',
        '0-9',
        ...ends,
        'operation',
        'import',
        'state',
        state,
        'last_error',
        'no',
        'retries',
        3,
        'end_time',
        end,
      );
    const [failing, over] = migrationTasks().decode([
      task('failed', -1),
      task('canceled', 1_795_190_879_612),
    ]);
    expect(failing).toEqual({
      name: 'x',
      operation: 'import',
      state: 'failed',
      isOver: false,
      slots: SlotSet.range(0, 9),
      source,
      target,
      message: 'no',
      retries: 3,
    });
    expect(over?.isOver).toBe(true);
  });

  test('Valkey tells by the state, and names slots with blanks between', () => {
    const job = (state: string) =>
      words('name', 'x', 'operation', 'EXPORT', 'slot_ranges', '0-9 20', 'state', state);
    const [running, over] = migrationJobs().decode([job('snapshotting'), job('failed')]);
    expect(running).toMatchObject({ operation: 'export', isOver: false, slots: SlotSet.parse('0-9,20') });
    expect(over?.isOver).toBe(true);
  });

  test.each<{ reply: Reply }>([
    { reply: [words('slots', 'all')] },
    { reply: [7] },
    { reply: Buffer.from('x') },
  ])('a list of migrations is not $reply', ({ reply }) => {
    expect(() => migrationTasks().decode(reply)).toThrow(ReplyShapeError);
  });
});
