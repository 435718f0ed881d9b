/** What has to be where after a restore, and what is sent again. */
import { expect, test } from 'vitest';
import { keyId, SentLog } from '../../../src/live/restore/sent-log.ts';
import { nodeId } from '../../../src/topology/node.ts';
import { SlotSet, slot } from '../../../src/topology/slot-set.ts';

const [a, b] = [nodeId('a'.repeat(40)), nodeId('b'.repeat(40))];
const key = (name: string, at: number) => ({ database: 0, name: Buffer.from(name), slot: slot(at) });

test('keys that stay are counted; slots are where anything went', () => {
  const log = new SentLog();
  log.note(1, a, true);
  log.note(1, a, true);
  log.note(2, a, false);
  log.note(3, b, true);
  expect([1, 2, 3].map(at => log.lastingIn(slot(at)))).toEqual([2, 0, 1]);
  expect([...log.sent].map(([id, slots]) => [id, `${slots}`])).toEqual([
    [a, '1-2'],
    [b, '3'],
  ]);
  expect(`${log.slots}`).toBe('1,3');
});

test('a key that was refused is known by its name and database', () => {
  const log = new SentLog();
  log.refuse(key('k', 7));
  expect(log.refused).toBe(1);
  expect(log.hasRefused(key('k', 7))).toBe(true);
  expect(log.hasRefused({ ...key('k', 7), database: 1 })).toBe(false);
  expect(log.knowsRefused).toBe(true);
  expect(keyId(key('k', 7))).not.toBe(keyId({ ...key('k', 7), database: 1 }));
});

test('what is forgotten is counted from nothing', () => {
  const log = new SentLog();
  for (const at of [1, 2]) {
    log.note(at, a, true);
    log.refuse(key(`k${at}`, at));
  }
  log.forget(SlotSet.of(1));
  expect([log.lastingIn(slot(1)), log.lastingIn(slot(2)), log.refused]).toEqual([0, 1, 1]);
  expect(log.hasRefused(key('k1', 1))).toBe(false);
  expect(log.hasRefused(key('k2', 2))).toBe(true);
  expect(`${log.sent.get(a)}`).toBe('2');
});
