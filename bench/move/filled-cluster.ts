/** A cluster for one run: everybody finds the same slots in the same hands, and the same keys in them. */
import { SLOT_COUNT, SlotSet } from '../../src/topology/slot-set.ts';
import { nodesAccordingTo, TestCluster } from '../../test/support/cluster.ts';
import { until } from '../../test/support/poll.ts';
import { keysBySlot } from '../key-in-slot.ts';
import { noise } from '../noise.ts';
import { firstOwner, keysInSlot, type MoveCase } from './cases.ts';

const VALUE_BYTES = 100;
/** So many slots' keys are under way to a node at a time. */
const SLOTS_IN_FLIGHT = 32;
const FEWEST_PRIMARIES = 3;

const TAGS = keysBySlot();
/** Text that does not repeat: servers compress values that do, and moving those is cheaper. */
const NOISE = noise(8 * 1024);

export class FilledCluster {
  readonly cluster: TestCluster;
  readonly moveCase: MoveCase;
  /** How many keys it holds. */
  readonly keys: number;

  private constructor(cluster: TestCluster, moveCase: MoveCase, keys: number) {
    this.cluster = cluster;
    this.moveCase = moveCase;
    this.keys = keys;
  }

  static async start(moveCase: MoveCase): Promise<FilledCluster> {
    const { build, primaries, empty } = moveCase;
    if (primaries < FEWEST_PRIMARIES) throw new RangeError(`${primaries} primaries are no cluster`);
    const cluster = await TestCluster.start({ build, primaries, replicasPerPrimary: 0 });
    try {
      if (empty > 0) await leaveSomeEmpty(cluster, moveCase);
      const keys = await fill(cluster, moveCase);
      return new FilledCluster(cluster, moveCase, keys);
    } catch (error) {
      await cluster.dispose();
      throw error;
    }
  }

  dispose(): Promise<void> {
    return this.cluster.dispose();
  }
}

/** Which ones they may be when one node gives to another: the cli takes the lowest, slotctl the highest. */
export function movingSlots(
  cluster: TestCluster,
  { move }: MoveCase,
): Readonly<Record<'lowest' | 'highest', SlotSet>> {
  if (move.kind !== 'reshard' || move.sources > 1) throw new RangeError('which slots move is up to the tool');
  const { slots } = cluster.member(0);
  return { lowest: slots.take(move.slots), highest: slots.without(slots.take(slots.size - move.slots)) };
}

export function keyNames(moveCase: MoveCase, slot: number): string[] {
  return Array.from({ length: keysInSlot(moveCase, slot) }, (_, i) => `{${TAGS[slot]}}:${i}`);
}

/**
 * The test bed shares the slots among all primaries. They are given on while they are empty, to nodes further behind,
 * whose epochs are greater: so nobody can doubt who is right.
 */
async function leaveSomeEmpty(cluster: TestCluster, moveCase: MoveCase): Promise<void> {
  const slots = Array.from({ length: SLOT_COUNT }, (_, slot) => slot);
  const changes = slots.filter(slot => !cluster.member(firstOwner(moveCase, slot)).slots.has(slot));
  await Promise.all(
    cluster.nodes.flatMap(node =>
      changes.map(slot => {
        const { id } = cluster.member(firstOwner(moveCase, slot));
        return node.send('CLUSTER', 'SETSLOT', `${slot}`, 'NODE', id);
      }),
    ),
  );
  const { primaries, empty } = moveCase;
  const share = SLOT_COUNT / (primaries - empty);
  const isShared = (sizes: readonly number[]) =>
    sizes.every(size => size === 0 || Math.abs(size - share) < 1) &&
    sizes.filter(size => size === 0).length === empty;
  for (const node of cluster.nodes) {
    await until(`${node.address} knows who owns the slots`, async () =>
      isShared(
        (await nodesAccordingTo(node)).map(known => (known.role === 'primary' ? known.slots.size : -1)),
      ),
    );
  }
  await cluster.settled();
}

async function fill(cluster: TestCluster, moveCase: MoveCase): Promise<number> {
  const toFill =
    moveCase.filled === 'all' ? SlotSet.all : SlotSet.union(Object.values(movingSlots(cluster, moveCase)));
  const byOwner = new Map<number, number[]>(cluster.nodes.map((_, position) => [position, []]));
  for (const slot of toFill) byOwner.get(firstOwner(moveCase, slot))?.push(slot);
  const counts = await Promise.all(
    [...byOwner].map(async ([position, slots]) => {
      let count = 0;
      for (let at = 0; at < slots.length; at += SLOTS_IN_FLIGHT) {
        const filling = slots.slice(at, at + SLOTS_IN_FLIGHT).map(slot => pairs(moveCase, slot));
        await Promise.all(
          filling
            .filter(words => words.length > 0)
            .map(words => cluster.node(position).send('MSET', ...words)),
        );
        count += filling.reduce((sum, words) => sum + words.length / 2, 0);
      }
      return count;
    }),
  );
  return counts.reduce((sum, count) => sum + count, 0);
}

function pairs(moveCase: MoveCase, slot: number): string[] {
  return keyNames(moveCase, slot).flatMap((key, i) => {
    const from = (slot * 31 + i * 101) % (NOISE.length - VALUE_BYTES);
    return [key, NOISE.slice(from, from + VALUE_BYTES)];
  });
}
