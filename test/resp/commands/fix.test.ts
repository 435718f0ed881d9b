/** The words on the wire, exactly, of the commands that mend; and what servers may answer. */
import { describe, expect, test } from 'vitest';
import { type Command, showWords } from '../../../src/resp/command.ts';
import {
  bumpEpoch,
  countExisting,
  execUnlessChanged,
  exists,
  idleTime,
  lastStreamId,
  remove,
  restore,
  unwatch,
  watch,
} from '../../../src/resp/commands/fix.ts';
import { ErrorReply, type Reply, ReplyShapeError } from '../../../src/resp/reply.ts';

const key = Buffer.from('k');
const payload = Buffer.from('p');

describe('the words', () => {
  test.each<[Command<unknown>, string]>([
    [bumpEpoch(), 'CLUSTER BUMPEPOCH'],
    [exists(key), 'EXISTS k'],
    [countExisting([key, Buffer.from('l')]), 'EXISTS k l'],
    [remove(key), 'DEL k'],
    [watch(key), 'WATCH k'],
    [watch(key, Buffer.from('l')), 'WATCH k l'],
    [unwatch(), 'UNWATCH'],
    [restore(key, { payload }, false), 'RESTORE k 0 p'],
    [restore(key, { payload, ttlMs: 7 }, true), 'RESTORE k 7 p REPLACE'],
    [restore(key, { payload, ttlMs: 0 }, false), 'RESTORE k 1 p'],
    [execUnlessChanged(), 'EXEC'],
    [idleTime(key), 'OBJECT IDLETIME k'],
    [lastStreamId(key), 'XINFO STREAM k'],
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
});
