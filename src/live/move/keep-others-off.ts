/**
 * One program at a time moves a slot. Marks do not see to that: a server lets anybody overwrite them without a word, so
 * two programs can each look, see none, and set their own; then keys go to two targets, and one of them never gets the
 * slot. So whoever moves slots or their keys first says so where the others look: it subscribes, at both ends, to a channel that is
 * named after the slots, and only then looks whether somebody else has done the same. Of two at least one sees the other,
 * and gives way. A subscription needs no key, dies with its connection, is not ended for being idle, and is listed without
 * holding up the server, which cannot be said of CLIENT LIST. Other tools know nothing of it; against them stand the
 * marks, which are looked at while slots are opened and just before they are handed over.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { activeChannels, subscribe } from '../../resp/commands/slots.ts';
import { ServerRefusalError } from '../../resp/errors.ts';
import type { Fleet, Lane } from '../../resp/fleet.ts';
import type { Address } from '../../topology/node.ts';
import { SlotSet } from '../../topology/slot-set.ts';
import { MoveError } from './move-error.ts';
import type { MoveRun } from './mover.ts';

const CHANNELS = 'slotctl:move:';

/** Who begin at the same moment see each other, and all give way; so they try again, after waits that differ. */
const TRIES = 6;
const LONGEST_WAIT_MS = 200;

/** Where the work is done, and on what. */
interface Ground {
  readonly ends: readonly Address[];
  readonly slots: SlotSet;
}

type Run = Pick<MoveRun, 'fleet' | 'note'>;

/** Work of one run does not stand in its own way: what it does at the same time was planned so. */
const NAMES = new WeakMap<Fleet, string>();

export async function keepOthersOff<T>(ground: Ground, run: Run, work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    const lines = ground.ends.map(address => run.fleet.lane(address));
    try {
      const taken = await announce(lines, ground, run);
      if (taken.size === 0) return await work();
      if (attempt === TRIES) throw new MoveError({ kind: 'another-slotctl', slots: taken, at: ground.ends });
    } finally {
      for (const line of lines) line.close();
    }
    await sleep(LONGEST_WAIT_MS * (0.1 + 0.9 * Math.random()));
  }
}

function nameOf(fleet: Fleet): string {
  const known = NAMES.get(fleet);
  if (known !== undefined) return known;
  const name = `${process.pid}.${Math.random().toString(36).slice(2)}`;
  NAMES.set(fleet, name);
  return name;
}

/** Returns which of the slots others have announced. */
async function announce(lines: readonly Lane[], { ends, slots }: Ground, run: Run): Promise<SlotSet> {
  const { fleet, note } = run;
  const own = `${CHANNELS}${nameOf(fleet)}:`;
  try {
    // Everywhere before anybody is looked for anywhere: else two could pass each other by.
    await Promise.all(lines.map(line => line.send(subscribe(`${own}${slots}`))));
    const seen = await Promise.all(ends.map(address => fleet.send(address, activeChannels(`${CHANNELS}*`))));
    const others = seen.flat().filter(channel => !channel.startsWith(own));
    return SlotSet.union(others.map(slotsIn)).intersect(slots);
  } catch (error) {
    if (!(error instanceof ServerRefusalError)) throw error;
    note({ kind: 'unseen-by-others', node: error.node, message: error.message });
    return SlotSet.empty;
  }
}

/** Somebody else's words: what cannot be read names no slots. */
function slotsIn(channel: string): SlotSet {
  try {
    return SlotSet.parse(channel.slice(channel.lastIndexOf(':') + 1));
  } catch {
    return SlotSet.empty;
  }
}
