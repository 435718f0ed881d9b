/** The order to move slots, and what the servers call what they have begun. */
import type { Migration } from '../../../resp/commands/atomic-migration.ts';
import { NodeError, ServerRefusalError } from '../../../resp/errors.ts';
import { formatAddress } from '../../../topology/node.ts';
import { askAfresh } from '../ask-persistently.ts';
import { MoveError, NotAtomicallyError } from '../move-error.ts';
import type { MoveRun, Passage } from '../mover.ts';
import { callOff, howTo } from './call-off.ts';
import type { AtomicWay } from './way.ts';

export interface Start {
  readonly way: AtomicWay;
  /** Names of migrations that were there before ours. */
  readonly earlier: ReadonlySet<string>;
  /** In the slots, when they were counted. */
  readonly keys: number;
  /** Begun already; there is nothing to do but to watch it. */
  readonly underWay?: Migration;
}

/** Returns the name that the servers have given it. */
export async function beginMigration(
  { way, earlier }: Start,
  passage: Passage,
  run: MoveRun,
): Promise<string> {
  const { fleet, listener } = run;
  const at = way.seat(passage).address;
  const isNew = ({ name, target, slots }: Migration) =>
    !earlier.has(name) && target === passage.to.id && slots.equals(passage.slots);
  const [order, listing] = await Promise.allSettled([
    fleet.send(at, way.begin(passage)),
    fleet.send(at, way.list()),
  ]);
  const refusal: unknown = order.status === 'rejected' ? order.reason : undefined;
  if (refusal instanceof ServerRefusalError) throw refusedToBegin(refusal);
  let jobs: readonly Migration[];
  if (listing.status === 'fulfilled') {
    jobs = listing.value;
  } else {
    // The order is out, and its answer may be lost: the server may be at it.
    try {
      jobs = await askAfresh(fleet, at, way.list());
    } catch {
      const { reason } = listing;
      const how = howTo(way, passage, undefined);
      if (reason instanceof NodeError) throw new MoveError(`${reason.node}: ${reason.message}. ${how}`);
      listener.remark(how);
      throw reason;
    }
  }
  const begun = jobs.find(isNew);
  if (!begun)
    throw refusal ?? new MoveError(`${formatAddress(at)} does not know of the migration that it has begun`);
  if (begun.source === passage.from.id) return begun.name;
  // The slots have changed hands between our last look and the order.
  await callOff(way, passage, begun.name, run, { withOwn: false });
  throw new MoveError(
    `slots ${passage.slots} belong to ${begun.source} by now, and not to ${passage.from.id}; their migration was called off`,
  );
}

function refusedToBegin(error: ServerRefusalError): MoveError {
  const message = `${error.node}: ${error.message}`;
  // Somebody was quicker than we.
  if (error.kind === 'already-migrating') return new MoveError(`${message}. Nothing was begun.`);
  return new NotAtomicallyError(message);
}
