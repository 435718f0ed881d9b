/**
 * The keys of one database of one node of the source. A server by itself is gone through by SCAN: every key that is there
 * from the beginning to the end is found, some more than once, and what comes meanwhile perhaps. A node of a cluster is
 * asked slot by slot, since its MIGRATE takes keys of one slot at a time.
 */
import type { SourceNode } from '../../plan/transfer/import.ts';
import { countKeysInSlot } from '../../resp/commands/cluster.ts';
import { runId, type Scan, scan } from '../../resp/commands/import.ts';
import { type Key, keysInSlot } from '../../resp/commands/slots.ts';
import { keySlot } from '../../topology/key-slot.ts';
import { type Slot, SlotSet } from '../../topology/slot-set.ts';
import { ImportError } from './import-error.ts';
import type { ImportRun } from './import-run.ts';
import { SourceLine } from './source-line.ts';

/** A server has gone through so much of its table in less than a millisecond, and others wait no longer than that. */
const USUAL_COUNT = 1000;
/** For tables that are much larger than what is left in them. */
const MOST_COUNT = 16_000;
/** In a row: more than a thousand million places of a table without a key. */
const MOST_EMPTY_REPLIES = 100_000;
/** Keys of several slots that are asked for at once; a slot with more is asked for alone. */
const KEYS_AT_A_TIME = 5000;
/** A reply with more keys takes more memory than it should: they are picked out of all keys of the node instead. */
const MOST_KEYS_OF_A_SLOT = 500_000;

export async function* findKeys(
  node: SourceNode,
  database: number,
  run: ImportRun,
): AsyncGenerator<readonly Key[]> {
  const line = new SourceLine(node.address, run);
  try {
    await line.select(database);
    const slots = ownSlots(node, run);
    if (slots) yield* bySlot(slots, line, run);
    else yield* byScan(node.runId, line, run);
  } finally {
    line.close();
  }
}

/** Undefined for a server by itself. */
function ownSlots({ address }: SourceNode, { plan }: ImportRun): SlotSet | undefined {
  const { cluster } = plan.source;
  if (!cluster) return undefined;
  const self = cluster.views.find(view => view.address === address)?.self;
  return self?.role === 'primary' ? self.slots : SlotSet.empty;
}

async function* byScan(known: string, line: SourceLine, run: ImportRun): AsyncGenerator<readonly Key[]> {
  let id = known;
  let count = USUAL_COUNT;
  const ask = (cursor: string) => {
    const asked = scanAt(line, cursor, count);
    // A failure is met when the reply is.
    asked.catch(() => {});
    return asked;
  };
  let upcoming = ask('0');
  let way = new ScanCourse();
  for (;;) {
    const { found, from } = await upcoming;
    if (from !== id) {
      run.tell({ kind: 'noted', note: { kind: 'source-restarted' } });
      id = from;
      way = new ScanCourse();
      upcoming = ask('0');
      continue;
    }
    const { cursor, keys } = found;
    if (way.leadsNowhere(found)) throw new ImportError({ kind: 'endless-scan', at: line.name, cursor });
    // So few keys for so many places: longer steps get through such a table with fewer replies.
    if (keys.length < count / 8) count = Math.min(MOST_COUNT, count * 2);
    // While these are on their way, the next ones are looked for.
    if (cursor !== '0') upcoming = ask(cursor);
    if (keys.length > 0) yield keys;
    if (cursor === '0') return;
  }
}

/**
 * Servers never come back to a cursor, and have no table with so much emptiness in it. What does would keep us busy for
 * ever. (Brent's algorithm: the cursor that is kept for comparison is changed after 1, 2, 4, 8, … steps.)
 */
class ScanCourse {
  #kept = '0';
  #steps = 0;
  #until = 1;
  #empty = 0;

  leadsNowhere({ cursor, keys }: Scan): boolean {
    if (cursor === '0') return false;
    this.#empty = keys.length === 0 ? this.#empty + 1 : 0;
    if (cursor === this.#kept || this.#empty > MOST_EMPTY_REPLIES) return true;
    if (++this.#steps === this.#until) {
      this.#kept = cursor;
      this.#steps = 0;
      this.#until *= 2;
    }
    return false;
  }
}

/** A cursor means nothing to a server that was started since it was given out: so who answers is asked each time. */
function scanAt(line: SourceLine, cursor: string, count: number): Promise<{ found: Scan; from: string }> {
  return line.insist(async lane => {
    const [from, found] = await Promise.all([lane.send(runId()), lane.send(scan(cursor, count))]);
    return { found, from };
  });
}

async function* bySlot(slots: SlotSet, line: SourceLine, run: ImportRun): AsyncGenerator<readonly Key[]> {
  const all = [...slots];
  const counts = await line.insist(lane => lane.sendAll(all.map(countKeysInSlot)));
  const filled = all.map((slot, i) => ({ slot, keys: counts[i] ?? 0 })).filter(({ keys }) => keys > 0);
  for (const some of inPortions(filled)) {
    const [first] = some;
    if (first && first.keys > MOST_KEYS_OF_A_SLOT) yield* pickedOut(first.slot, line, run);
    else {
      // A few more than were counted: there may be more by now.
      const asked = some.map(({ slot, keys }) => keysInSlot(slot, keys + USUAL_COUNT));
      for (const keys of await line.insist(lane => lane.sendAll(asked))) if (keys.length > 0) yield keys;
    }
  }
}

async function* pickedOut(slot: Slot, line: SourceLine, run: ImportRun): AsyncGenerator<readonly Key[]> {
  const { from } = await scanAt(line, '0', 1);
  for await (const keys of byScan(from, line, run)) {
    const own = keys.filter(key => keySlot(key) === slot);
    if (own.length > 0) yield own;
  }
}

function* inPortions<T extends { readonly keys: number }>(all: readonly T[]): Generator<readonly T[]> {
  let portion: T[] = [];
  let keys = 0;
  for (const one of all) {
    if (portion.length > 0 && keys + one.keys > KEYS_AT_A_TIME) {
      yield portion;
      [portion, keys] = [[], 0];
    }
    portion.push(one);
    keys += one.keys;
  }
  if (portion.length > 0) yield portion;
}
