/** Open slots wait for lanes, and lanes for open slots. */
import { expect, test } from 'vitest';
import { Supply } from '../../../../src/live/move/migrate/open-slots.ts';
import { slot } from '../../../../src/topology/slot-set.ts';

const slots = [1, 2, 3].map(slot);

test('in order; who comes too early is given the first that comes', async () => {
  const supply = new Supply();
  const early = [supply.take(), supply.take()];
  supply.add(slots);
  const taken = await Promise.all([...early, supply.take()]);
  expect(taken.map(supplied => supplied?.slot)).toEqual(slots);
});

test('they are done when the last one is', async () => {
  const supply = new Supply();
  let isDone = false;
  const all = supply.add(slots).then(() => {
    isDone = true;
  });
  for (const _ of slots) {
    expect(isDone).toBe(false);
    (await supply.take())?.done();
  }
  await all;
});

test('no slots are done at once', async () => {
  await expect(new Supply().add([])).resolves.toBeUndefined();
});

test('when nothing more comes, what is there is still taken, and those who wait learn it', async () => {
  const supply = new Supply();
  supply.add(slots.slice(0, 1));
  supply.close();
  expect((await supply.take())?.slot).toBe(slots[0]);
  expect(await supply.take()).toBeUndefined();
  const other = new Supply();
  const waiting = [other.take(), other.take()];
  other.close();
  expect(await Promise.all(waiting)).toEqual([undefined, undefined]);
});

test('what is dropped is not taken any more', async () => {
  const supply = new Supply();
  supply.add(slots);
  supply.drop();
  expect(await supply.take()).toBeUndefined();
});
