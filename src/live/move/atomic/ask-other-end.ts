/** What the other end says of a migration that is done. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Migration } from '../../../resp/commands/atomic-migration.ts';
import { ifAnswered } from '../../look/look-at-node.ts';
import { askPersistently } from '../ask-persistently.ts';
import { MoveError } from '../move-error.ts';
import type { MoveRun } from '../mover.ts';
import type { Begun } from './call-off.ts';

const POLL_MS = 10;
/** Until the second end has heard of the success of the first. */
const MAY_TAKE_MS = 2000;

/**
 * One end may believe in success and the other not, when one of them fails over at the last moment, or when the target
 * comes too late and the source has taken writes again: those are lost. Who owns the slots is asked at the end of the
 * command anyway, of everybody; this is not.
 */
export async function expectNoContradiction(
  { way, passage, name }: Begun,
  { fleet, nowMs }: MoveRun,
): Promise<void> {
  const { address: far } = way.farEnd(passage);
  for (const deadline = nowMs() + MAY_TAKE_MS; nowMs() < deadline; await sleep(POLL_MS)) {
    // Silence is found out about when everybody is asked.
    const other = await ifAnswered(askPersistently(fleet, far, way.ask(name)));
    const contradiction = contradictionIn(other);
    if (contradiction)
      throw new MoveError({
        kind: 'done-and-not',
        done: way.seat(passage).address,
        not: far,
        slots: passage.slots,
        ...contradiction,
      });
    if (other?.state !== 'under-way') return;
  }
}

/** What the second end says, where the first says that it is done. */
export function contradictionIn(other: Migration | undefined) {
  if (other?.state !== 'failed' && other?.state !== 'cancelled') return undefined;
  return { state: other.state, message: other.message };
}
