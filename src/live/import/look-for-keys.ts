/**
 * Whether the cluster has what it was given: where the number of keys in a slot does not say so, each key that is remembered
 * is looked for at the owner of its slot.
 */

import { countExisting, exists } from '../../resp/commands/fix.ts';
import { NodeError, ServerRefusalError } from '../../resp/errors.ts';
import type { Lane } from '../../resp/fleet.ts';
import { keySlot } from '../../topology/key-slot.ts';
import type { Address } from '../../topology/node.ts';
import { TargetLines } from '../keys/target-lines.ts';
import { countGone } from './ask-source.ts';
import type { CarriedKey } from './carried-keys.ts';
import { slotsInDoubt } from './count-given.ts';
import type { ImportRun } from './import-run.ts';
import { wait } from './waits.ts';

/** A command names as many keys of one slot. */
const KEYS_AT_A_TIME = 128;
/** Commands that go out together. */
const COMMANDS_AT_A_TIME = 1000;
const LOOK_AGAIN_AFTER_MS = 300;
/** A key that is on its way from one node of the cluster to another may be at neither for a moment. */
const LOOKS_FOR_MISSING = 6;
/** A node that is loading its data, or has no successor yet. */
const WAIT_FOR_NODES_MS = 30_000;
/** Between two clocks, and for the way of the commands. */
const EXPIRY_MARGIN_MS = 2000;

export interface Seen {
  readonly missing: number;
  /** Of those that are gone: had their time. */
  readonly expired: number;
  /** Not at the source either, which was to keep them: its clients have deleted them. */
  readonly deleted: number;
  /** Whose nodes did not answer, or not us. */
  readonly unseen: number;
}

interface Found {
  readonly absent: CarriedKey[];
  readonly unasked: CarriedKey[];
  /** That we have no right to ask for will not change by waiting. */
  readonly forbidden: CarriedKey[];
}

export async function lookForKeys(run: ImportRun): Promise<Seen> {
  const { carried, routes, nowMs, interruptions } = run;
  const deadline = nowMs() + WAIT_FOR_NODES_MS;
  let [expired, forbidden] = [0, 0];
  let left: readonly CarriedKey[] = [...carried.all(await slotsInDoubt(run))];
  for (let looks = 1; ; looks++) {
    const { absent, unasked, ...found } = await lookOnce(left, run);
    forbidden += found.forbidden.length;
    const now = nowMs();
    const missing = absent.filter(({ expiresAtMs }) => expiresAtMs > now + EXPIRY_MARGIN_MS);
    expired += absent.length - missing.length;
    const isOver = unasked.length > 0 ? now >= deadline : missing.length === 0 || looks >= LOOKS_FOR_MISSING;
    if (isOver) {
      const deleted = run.copy ? await countGone(missing, run) : 0;
      const unseen = unasked.length + forbidden;
      return { missing: missing.length - deleted, expired, deleted, unseen };
    }
    await wait(LOOK_AGAIN_AFTER_MS, interruptions);
    await routes.lookAgain();
    left = [...missing, ...unasked];
  }
}

/** Of one slot and one database. */
interface Portion {
  readonly to: Address;
  readonly keys: CarriedKey[];
}

async function lookOnce(keys: readonly CarriedKey[], run: ImportRun): Promise<Found> {
  const found: Found = { absent: [], unasked: [], forbidden: [] };
  for (const database of new Set(keys.map(key => key.database))) {
    const some = keys.filter(key => key.database === database);
    const lines = new TargetLines(run.target, database);
    try {
      const { portions, unowned } = portionsOf(some, run);
      found.unasked.push(...unowned);
      await Promise.all([...portions.values()].map(own => lookAt(own, lines, found)));
    } finally {
      lines.close();
    }
  }
  return found;
}

/** By owner. */
function portionsOf(keys: readonly CarriedKey[], { routes }: ImportRun) {
  const bySlot = new Map<number, CarriedKey[]>();
  for (const key of keys) {
    const slot = keySlot(key.name);
    const own = bySlot.get(slot);
    if (own) own.push(key);
    else bySlot.set(slot, [key]);
  }
  const portions = new Map<string, Portion[]>();
  const unowned: CarriedKey[] = [];
  for (const own of bySlot.values()) {
    const owner = own[0] && routes.ownerOf(keySlot(own[0].name));
    if (!owner) {
      unowned.push(...own);
      continue;
    }
    const all = portions.get(owner.id) ?? [];
    portions.set(owner.id, all);
    for (let from = 0; from < own.length; from += KEYS_AT_A_TIME)
      all.push({ to: owner.address, keys: own.slice(from, from + KEYS_AT_A_TIME) });
  }
  return { portions, unowned };
}

async function lookAt(portions: readonly Portion[], lines: TargetLines, found: Found): Promise<void> {
  for (let from = 0; from < portions.length; from += COMMANDS_AT_A_TIME) {
    const some = portions.slice(from, from + COMMANDS_AT_A_TIME);
    try {
      await ask(some, lines, found);
    } catch (error) {
      if (!(error instanceof NodeError)) throw error;
      for (const { to } of some) lines.drop(to);
      found.unasked.push(...some.flatMap(({ keys }) => keys));
    }
  }
}

async function ask(portions: readonly Portion[], lines: TargetLines, found: Found): Promise<void> {
  const [first] = portions;
  if (!first) return;
  const line = await lines.to(first.to);
  const counts = await line.sendEach(portions.map(({ keys }) => countExisting(keys.map(({ name }) => name))));
  const doubtful: CarriedKey[] = [];
  for (const [i, { keys }] of portions.entries()) {
    const count = counts[i];
    // While their slot is on its way, several keys are not answered for together.
    if (count !== keys.length) doubtful.push(...keys);
  }
  await askOneByOne(doubtful, line, found);
}

async function askOneByOne(keys: readonly CarriedKey[], line: Lane, found: Found): Promise<void> {
  for (let from = 0; from < keys.length; from += COMMANDS_AT_A_TIME) {
    const some = keys.slice(from, from + COMMANDS_AT_A_TIME);
    const answers = await line.sendEach(some.map(key => exists(key.name)));
    for (const [i, key] of some.entries()) {
      const answer = answers[i];
      if (answer === false) found.absent.push(key);
      else if (answer instanceof ServerRefusalError)
        (answer.reason === 'no-right' ? found.forbidden : found.unasked).push(key);
    }
  }
}
