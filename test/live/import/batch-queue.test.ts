/** Who gives waits for room, who takes waits for something to take, and nobody waits once it is over. */
import { expect, test } from 'vitest';
import { Parcels } from '../../../src/live/import/batch-queue.ts';

const parcel = (name: string) => ({ keys: [Buffer.from(name)] });

test('in order, and the end is told to all who wait', async () => {
  const parcels = new Parcels();
  await parcels.give(parcel('a'));
  await parcels.give(parcel('b'));
  expect([await parcels.take(), await parcels.take()]).toEqual([parcel('a'), parcel('b')]);
  const waiting = [parcels.take(), parcels.take()];
  await parcels.give(parcel('c'));
  parcels.close();
  expect(await Promise.all(waiting)).toEqual([parcel('c'), undefined]);
});

test('what was given before the end is still taken', async () => {
  const parcels = new Parcels();
  await parcels.give(parcel('a'));
  parcels.close();
  expect([await parcels.take(), await parcels.take()]).toEqual([parcel('a'), undefined]);
});

test('a full store: the giver goes on when somebody has taken, or learns that nobody will', async () => {
  const parcels = new Parcels();
  const given: string[] = [];
  const giving = (async () => {
    for (const name of ['a', 'b', 'c', 'd', 'e']) {
      if (!(await parcels.give(parcel(name)))) return;
      given.push(name);
    }
  })();
  expect(await parcels.take()).toEqual(parcel('a'));
  expect(await parcels.take()).toEqual(parcel('b'));
  parcels.drop();
  await giving;
  expect(given).not.toContain('e');
  expect(await parcels.take()).toBeUndefined();
});
