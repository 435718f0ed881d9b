/** Open slots wait for lanes, and lanes for open slots. */
import { expect, test } from 'vitest';
import { SlotQueue } from '../../../../src/live/move/migrate/slot-queue.ts';
import { slot } from '../../../../src/topology/slot-set.ts';

const slots = [1, 2, 3].map(slot);

test('in order; who comes too early is given the first that comes', async () => {
  const queue = new SlotQueue();
  const early = [queue.take(), queue.take()];
  queue.add(slots);
  const taken = await Promise.all([...early, queue.take()]);
  expect(taken.map(open => open?.slot)).toEqual(slots);
});

test('they are done when the last one is', async () => {
  const queue = new SlotQueue();
  let isDone = false;
  const all = queue.add(slots).then(() => {
    isDone = true;
  });
  for (const _ of slots) {
    expect(isDone).toBe(false);
    (await queue.take())?.done();
  }
  await all;
});

test('no slots are done at once', async () => {
  await expect(new SlotQueue().add([])).resolves.toBeUndefined();
});

test('when nothing more comes, what is there is still taken, and those who wait learn it', async () => {
  const queue = new SlotQueue();
  queue.add(slots.slice(0, 1));
  queue.close();
  expect((await queue.take())?.slot).toBe(slots[0]);
  expect(await queue.take()).toBeUndefined();
  const other = new SlotQueue();
  const waiting = [other.take(), other.take()];
  other.close();
  expect(await Promise.all(waiting)).toEqual([undefined, undefined]);
});

test('what is dropped is not taken any more', async () => {
  const queue = new SlotQueue();
  queue.add(slots);
  queue.drop();
  expect(await queue.take()).toBeUndefined();
});
