/** The order to move slots, and what the servers call what they have begun. */
import { showWords } from '../../../resp/command.ts';
import type { Migration } from '../../../resp/commands/atomic-migration.ts';
import { NodeError, ServerRefusalError } from '../../../resp/errors.ts';
import { askAfresh } from '../ask-persistently.ts';
import { MoveError, NotAtomicallyError, nodeProblem } from '../move-error.ts';
import type { MoveRun, Passage } from '../mover.ts';
import { callOff } from './call-off.ts';
import type { AtomicWay } from './product-differences.ts';

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
  const { fleet, note } = run;
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
      const perhaps = {
        kind: 'begun-perhaps',
        at,
        tells: showWords(way.list()),
        callsOff: showWords(way.cancel('TASK')),
      } as const;
      if (reason instanceof NodeError) throw new MoveError({ ...perhaps, why: nodeProblem(reason) });
      note({ kind: 'stays', what: perhaps });
      throw reason;
    }
  }
  const begun = jobs.find(isNew);
  if (!begun) throw refusal ?? new MoveError({ kind: 'unknown-where-begun', at });
  if (begun.source === passage.from.id) return begun.name;
  // The slots have changed hands between our last look and the order.
  await callOff({ way, passage, name: begun.name }, run, { withOwn: false });
  throw new MoveError({
    kind: 'of-another-owner',
    slots: passage.slots,
    owner: begun.source,
    from: passage.from.id,
  });
}

function refusedToBegin(error: ServerRefusalError): MoveError {
  const { node, message } = error;
  // Somebody was quicker than we.
  if (error.kind === 'already-migrating') return new MoveError({ kind: 'not-begun', node, message });
  return new NotAtomicallyError(nodeProblem(error));
}
