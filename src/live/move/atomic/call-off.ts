/** Ends a migration that is not to go on: nobody else does, and a Redis target would try for ever. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { MigrationOfOthers, StillRunning } from '../../../plan/slots/move-problem.ts';
import { showWords } from '../../../resp/command.ts';
import { InterruptedError, NodeError, ServerRefusalError } from '../../../resp/errors.ts';
import type { Lane } from '../../../resp/fleet.ts';
import type { Address } from '../../../topology/node.ts';
import { orRefusal } from '../../keys/asking-first.ts';
import { MoveError } from '../move-error.ts';
import type { MoveRun, Passage } from '../mover.ts';
import type { Order } from './cancel-exports.ts';
import type { AtomicWay } from './product-differences.ts';

/** A migration that the servers are at. */
export interface Begun {
  readonly way: AtomicWay;
  readonly passage: Passage;
  /** As the servers call it. */
  readonly name: string;
}

export type CallOffResult =
  | { readonly kind: 'off' }
  /** It was quicker. */
  | { readonly kind: 'done' }
  /** It goes on: cancelling it would cancel others with it, and those are not ours. */
  | { readonly kind: 'spared'; readonly others: readonly MigrationOfOthers[] };

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
  begun: Begun,
  run: MoveRun,
  { withOwn, withinMs }: Leave,
): Promise<CallOffResult> {
  // Of its own: the usual connection may be what has failed, or wait for a reply that does not come.
  const line = run.fleet.lane(seatOf(begun));
  const timer = withinMs === undefined ? undefined : setTimeout(() => line.close(), withinMs);
  try {
    return await end(begun, line, run, withOwn);
  } catch (error) {
    // The second Ctrl-C ends this connection too; there is a last word after it.
    const isLastWord = withinMs !== undefined;
    if (!(error instanceof NodeError) && !(error instanceof InterruptedError && isLastWord)) throw error;
    throw new MoveError({ kind: 'not-called-off', message: error.message, ...stillRunning(begun) });
  } finally {
    clearTimeout(timer);
    line.close();
  }
}

async function end(
  { way, name }: Begun,
  line: Lane,
  { own, nowMs }: MoveRun,
  withOwn: boolean,
): Promise<CallOffResult> {
  if (way.cancelsAll) {
    // Between this look and the order somebody may begin another one; nothing that the server knows prevents that.
    const others = (await line.send(way.list())).filter(
      job =>
        job.direction === 'export' &&
        job.state === 'under-way' &&
        job.name !== name &&
        !(withOwn && own.has(job)),
    );
    if (others.length > 0) return { kind: 'spared', others };
  }
  let order = await unlessOver(way.callOff(name, line));
  for (const deadline = nowMs() + MAY_TAKE_MS; ; ) {
    const now = await line.send(way.ask(name));
    if (now?.state === 'done') return { kind: 'done' };
    if (now?.state !== 'under-way') return { kind: 'off' };
    if (nowMs() >= deadline)
      throw new MoveError({ kind: order === 'given' ? 'goes-on-anyway' : 'hands-over', phase: now.phase });
    await sleep(POLL_MS);
    if (order === 'granted') order = await unlessOver(way.callOff(name, line));
  }
}

/** What has ended by itself cannot be cancelled. */
async function unlessOver(cancelling: Promise<Order>): Promise<Order> {
  const order = await orRefusal(cancelling);
  if (!(order instanceof ServerRefusalError)) return order;
  if (order.kind === 'no-permission') throw order;
  return 'given';
}

/** What the person needs to call it off, where we cannot. */
export function stillRunning(begun: Begun): StillRunning {
  const { way, passage, name } = begun;
  return { slots: passage.slots, at: seatOf(begun), callsOff: showWords(way.cancel(name)) };
}

function seatOf({ way, passage }: Begun): Address {
  return way.seat(passage).address;
}
