/** Who gives waits for room, who takes waits for something to take, and nobody waits once it is over. */
import { expect, test } from 'vitest';
import { Queue } from '../../../src/live/keys/queue.ts';

test('in order, and the end is told to all who wait', async () => {
  const queue = new Queue<string>(2);
  await queue.give('a');
  await queue.give('b');
  expect([await queue.take(), await queue.take()]).toEqual(['a', 'b']);
  const waiting = [queue.take(), queue.take()];
  await queue.give('c');
  queue.close();
  expect(await Promise.all(waiting)).toEqual(['c', undefined]);
});

test('what was given before the end is still taken', async () => {
  const queue = new Queue<string>(2);
  await queue.give('a');
  queue.close();
  expect([await queue.take(), await queue.take()]).toEqual(['a', undefined]);
});

test('a full store: the giver goes on when somebody has taken, or learns that nobody will', async () => {
  const queue = new Queue<string>(2);
  const given: string[] = [];
  const giving = (async () => {
    for (const name of ['a', 'b', 'c', 'd', 'e']) {
      if (!(await queue.give(name))) return;
      given.push(name);
    }
  })();
  expect(await queue.take()).toEqual('a');
  expect(await queue.take()).toEqual('b');
  queue.drop();
  await giving;
  expect(given).not.toContain('e');
  expect(await queue.take()).toBeUndefined();
});

test('without a limit nobody who gives waits', async () => {
  const queue = new Queue<number>();
  const given = Array.from({ length: 100 }, (_, i) => queue.give(i + 1));
  expect(await Promise.all(given)).toEqual(given.map(() => true));
  expect(await queue.take()).toBe(1);
});
