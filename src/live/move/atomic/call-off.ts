/** Ends a migration that is not to go on: nobody else does, and a Redis target would try for ever. */
import { setTimeout as sleep } from 'node:timers/promises';
import { showWords } from '../../../resp/command.ts';
import type { Migration } from '../../../resp/commands/atomic-migration.ts';
import { InterruptedError, NodeError, ServerRefusalError } from '../../../resp/errors.ts';
import type { Lane } from '../../../resp/fleet.ts';
import { formatAddress } from '../../../topology/node.ts';
import { MoveError } from '../move-error.ts';
import type { MoveRun, Passage } from '../mover.ts';
import type { Order } from './cancel-exports.ts';
import type { AtomicWay } from './way.ts';

export type Ending =
  | { readonly kind: 'off' }
  /** It was quicker. */
  | { readonly kind: 'done' }
  /** It goes on: cancelling it would cancel others with it, and those are not ours. */
  | { readonly kind: 'spared'; readonly others: string };

interface Leave {
  /** Whether other migrations of this run may go too. */
  readonly withOwn: boolean;
  /** How long it may take; without it, as long as connections and replies may. */
  readonly withinMs?: number;
}

const POLL_MS = 20;
/** Between the order and the end of the migration, where the server is about to hand over. */
const MAY_TAKE_MS = 5000;

export async function callOff(
  way: AtomicWay,
  passage: Passage,
  name: string,
  run: MoveRun,
  { withOwn, withinMs }: Leave,
): Promise<Ending> {
  // Of its own: the usual connection may be what has failed, or wait for a reply that does not come.
  const line = run.fleet.lane(way.seat(passage).address);
  const limit = new AbortController();
  if (withinMs !== undefined)
    sleep(withinMs, undefined, { signal: limit.signal }).then(
      () => line.close(),
      () => {},
    );
  try {
    return await end(way, name, line, run, withOwn);
  } catch (error) {
    // The second Ctrl-C ends this connection too; there is a last word after it.
    const isLastWord = withinMs !== undefined;
    if (!(error instanceof NodeError) && !(error instanceof InterruptedError && isLastWord)) throw error;
    throw new MoveError(`it could not be called off (${error.message}). ${howTo(way, passage, name)}`);
  } finally {
    limit.abort();
    line.close();
  }
}

async function end(
  way: AtomicWay,
  name: string,
  line: Lane,
  { own, nowMs }: MoveRun,
  withOwn: boolean,
): Promise<Ending> {
  if (way.cancelsAll) {
    // Between this look and the order somebody may begin another one; nothing that the server knows prevents that.
    const others = (await line.send(way.list())).filter(
      job =>
        job.direction === 'export' &&
        job.state === 'under-way' &&
        job.name !== name &&
        !(withOwn && own.has(job)),
    );
    if (others.length > 0) return { kind: 'spared', others: others.map(show).join(' and ') };
  }
  let order = await unlessOver(way.callOff(name, line));
  for (const deadline = nowMs() + MAY_TAKE_MS; ; ) {
    const now = await line.send(way.ask(name));
    if (now?.state === 'done') return { kind: 'done' };
    if (now?.state !== 'under-way') return { kind: 'off' };
    if (nowMs() >= deadline) throw new MoveError(`it ${FATES[order]} (${now.phase})`);
    await sleep(POLL_MS);
    if (order === 'granted') order = await unlessOver(way.callOff(name, line));
  }
}

const FATES: Readonly<Record<Order, string>> = {
  given: 'was cancelled but goes on anyway',
  granted: 'is about to hand over, when cancelling it would lose writes, and does not come to its end',
};

/** What has ended by itself cannot be cancelled. */
async function unlessOver(cancelling: Promise<Order>): Promise<Order> {
  try {
    return await cancelling;
  } catch (error) {
    if (!(error instanceof ServerRefusalError) || error.kind === 'no-permission') throw error;
    return 'given';
  }
}

function show({ slots, target }: Migration): string {
  return `slots ${slots} to ${target.slice(0, 8)}`;
}

/** For the person, where we cannot. */
export function howTo(way: AtomicWay, passage: Passage, name: string | undefined): string {
  const seat = formatAddress(way.seat(passage).address);
  if (name === undefined)
    return (
      `Whether the migration was begun is not known: \`${showWords(way.list())}\` at ${seat} tells, ` +
      `\`${showWords(way.cancel('TASK'))}\` calls it off.`
    );
  return (
    `The migration of slots ${passage.slots} may still be running; to call it off, send ` +
    `\`${showWords(way.cancel(name))}\` to ${seat}.`
  );
}
