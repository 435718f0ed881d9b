/** How much goes at a time: keys in a batch, slots in a window, passages at a node. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BatchSize } from '../../../src/live/keys/batch-size.ts';
import { Pace, type PaceLimits } from '../../../src/live/keys/pace.ts';
import { windowsOf } from '../../../src/live/move/migrate/open-slot-windows.ts';
import { SlotQueue } from '../../../src/live/move/migrate/slot-queue.ts';
import { Gates } from '../../../src/live/move/moves-per-node.ts';
import { nodeId } from '../../../src/topology/node.ts';
import { type Slot, SlotSet, slot } from '../../../src/topology/slot-set.ts';

describe('the keys in a batch', () => {
  test('double while there is time, and halve when it takes too long', () => {
    const batch = new BatchSize(10, 5, 0);
    batch.took(1, 10);
    batch.took(2, 20);
    expect(batch.keys).toBe(40);
    batch.took(4, 40);
    expect(batch.keys).toBe(40);
    batch.took(6, 40);
    expect(batch.keys).toBe(20);
  });

  test('are judged by full batches only, and are never none', () => {
    const batch = new BatchSize(10, 5, 0);
    batch.took(0.1, 3);
    expect(batch.keys).toBe(10);
    for (let i = 0; i < 20; i++) batch.took(100, batch.keys);
    expect(batch.keys).toBe(1);
    for (let i = 0; i < 40; i++) batch.took(0.1, batch.keys);
    expect(batch.keys).toBe(4096);
  });

  test('are judged without the way to the server and back, of which the shortest counts', () => {
    const far = new BatchSize(10, 5, 40);
    far.took(41, 10);
    expect(far.keys).toBe(20);
    far.took(46, 20);
    expect(far.keys).toBe(10);
    far.took(20, 10);
    expect(far.keys).toBe(20);
    far.took(26, 20);
    expect(far.keys).toBe(10);
  });
});

describe('the slots for the lanes', () => {
  test('are taken in order, also by those who were there before them', async () => {
    const queue = new SlotQueue();
    const early = [queue.take(), queue.take()];
    const drained = queue.add([slot(7), slot(8), slot(9)]);
    queue.close();
    const taken = await Promise.all([...early, queue.take(), queue.take()]);
    expect(taken.map(open => open?.slot)).toEqual([7, 8, 9, undefined]);
    for (const open of taken) open?.done();
    await drained;
  });

  test('are drained when all of them are done, and at once where there are none', async () => {
    const queue = new SlotQueue();
    await queue.add([]);
    let isDrained = false;
    const drained = queue.add([slot(1), slot(2)]).then(() => {
      isDrained = true;
    });
    (await queue.take())?.done();
    await Promise.resolve();
    expect(isDrained).toBe(false);
    (await queue.take())?.done();
    await drained;
  });

  test('are left where they are once they are dropped', async () => {
    const queue = new SlotQueue();
    queue.add([slot(1)]);
    queue.drop();
    expect(await queue.take()).toBeUndefined();
  });
});

describe('the slots in a window', () => {
  const full = (...slots: number[]) => new Map<Slot, number>(slots.map(s => [slot(s), 64]));

  test('are as many as are allowed, those with few keys counting little', () => {
    const slots = SlotSet.range(0, 9);
    expect(windowsOf({ slots, keys: full(0, 1, 2, 3, 4, 5, 6, 7, 8, 9) }, 4).map(String)).toEqual([
      '0-3',
      '4-7',
      '8-9',
    ]);
    expect(windowsOf({ slots, keys: full() }, 4).map(String)).toEqual(['0-9']);
    expect(windowsOf({ slots: SlotSet.range(0, 99), keys: full() }, 1)).toHaveLength(7);
  });

  test('are all of them, each once, in order', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.nat(300)),
        fc.uniqueArray(fc.nat(300)),
        fc.integer({ min: 1, max: 9 }),
        (some, filled, most) => {
          const slots = SlotSet.of(...some);
          const windows = windowsOf({ slots, keys: full(...filled) }, most);
          expect(windows.flatMap(window => [...window])).toEqual([...slots]);
        },
      ),
    );
  });
});

describe('gates', () => {
  const [a, b, c, d] = ['a', 'b', 'c', 'd'].map(letter => nodeId(letter.repeat(40))) as [
    never,
    never,
    never,
    never,
  ];

  test('let in who shares no node with those inside, and the others in their order', async () => {
    const gates = new Gates(1);
    const log: string[] = [];
    const ends = new Map<string, () => void>();
    const pass = (name: string, ...nodes: never[]) =>
      gates.pass(nodes, () => {
        log.push(`${name} in`);
        return new Promise<void>(end => ends.set(name, end));
      });
    const all = [pass('ab', a, b), pass('ac', a, c), pass('cd', c, d)];
    await Promise.resolve();
    expect(log).toEqual(['ab in', 'cd in']);
    ends.get('ab')?.();
    await all[0];
    expect(log).toEqual(['ab in', 'cd in']);
    ends.get('cd')?.();
    await all[2];
    expect(log).toEqual(['ab in', 'cd in', 'ac in']);
    ends.get('ac')?.();
    await all[1];
  });

  test('are free again when the work fails', async () => {
    const gates = new Gates(1);
    await expect(gates.pass([a, b], () => Promise.reject(new Error('it broke')))).rejects.toThrow('it broke');
    expect(await gates.pass([a, b], () => Promise.resolve('next'))).toBe('next');
  });
});

describe('the pace', () => {
  /** A clock that is told what time it is: nothing is waited for. */
  test('of keys and bytes is kept for all moves together', async () => {
    const waits: number[] = [];
    let now = 0;
    const pace = new Pace(
      { maxKeysPerSecond: 100, maxBytesPerSecond: 1000 },
      {
        nowMs: () => now,
        sleep: async ms => {
          waits.push(ms);
          now += ms;
        },
      },
    );
    const passage = { averageBytes: 5 } as const;
    await pace.before(50, passage, () => Promise.resolve());
    await pace.before(10, passage, () => Promise.resolve());
    await pace.before(10, { averageBytes: 100 }, () => Promise.resolve());
    await pace.before(1, passage, () => Promise.resolve());
    expect(waits).toEqual([500, 100, 1000]);
  });

  test('allows no batch that takes longer than a second', () => {
    const clock = { nowMs: () => 0, sleep: () => Promise.resolve() };
    const most = (limits: PaceLimits, averageBytes: number) =>
      new Pace(limits, clock).mostAtOnce({ averageBytes });
    expect(most({}, 100)).toBe(Infinity);
    expect(most({ maxKeysPerSecond: 20 }, 100)).toBe(20);
    expect(most({ maxKeysPerSecond: 20, maxBytesPerSecond: 1000 }, 100)).toBe(10);
    expect(most({ maxBytesPerSecond: 1000 }, 5000)).toBe(1);
    expect(most({ maxBytesPerSecond: 1000 }, 0)).toBe(1000);
  });

  test('rests while a server is slow, and not for ever', async () => {
    let now = 0;
    let pings = 0;
    const pace = new Pace(
      { pauseAboveMs: 5 },
      {
        nowMs: () => now,
        sleep: async ms => {
          now += ms;
        },
      },
    );
    const slow = async () => {
      pings++;
      now += 20;
    };
    await pace.before(1, { averageBytes: 1 }, slow);
    expect(pings).toBeGreaterThan(10);
    expect(now).toBeLessThan(11_000);
  });
});
