/** The moves of one plan: what they share, and which of them go at the same time. */

import { setTimeout as sleep } from 'node:timers/promises';
import type { MoveLimits } from '../../plan/slots/move-settings.ts';
import type { MoveStep, PlanEvent, Problem } from '../../plan/step.ts';
import { InterruptedError } from '../../resp/errors.ts';
import type { Fleet } from '../../resp/fleet.ts';
import type { NodeId } from '../../topology/node.ts';
import type { ClusterSnapshot } from '../../topology/snapshot.ts';
import type { Tell } from '../event-stream.ts';
import { Pace, type PaceLimits } from '../keys/pace.ts';
import { RescueFile } from '../keys/rescue-file.ts';
import { openAt, type TransferWatch } from '../watch/transfers.ts';
import { OwnMigrations } from './atomic/own-migrations.ts';
import { goesAlongside, type MoverChoice, moveSlots } from './move-slots.ts';
import type { MoveRun } from './mover.ts';
import { Gates } from './moves-per-node.ts';

export interface Moving {
  readonly mover: MoverChoice;
  readonly limits: MoveLimits;
  readonly paceLimits: PaceLimits;
  /** Passages that a node may be part of at the same time. */
  readonly parallel: number;
  readonly isStopping: () => boolean;
  /** Even where targets evict. */
  readonly mayEvict: boolean;
}

interface PassagesWork {
  readonly fleet: Fleet;
  readonly before: ClusterSnapshot;
  readonly watch: TransferWatch;
  readonly moving?: Moving;
  readonly nowMs: () => number;
}

export class Passages {
  readonly #work: PassagesWork;
  readonly #gates: Gates;
  readonly #pace: Pace;
  readonly #own = new OwnMigrations();
  /** No file comes about before there is something to keep. */
  readonly #rescue: RescueFile;

  constructor(work: PassagesWork) {
    const { fleet, moving, nowMs } = work;
    this.#work = work;
    this.#gates = new Gates(moving?.parallel ?? 1);
    this.#pace = new Pace(moving?.paceLimits ?? {}, { nowMs, sleep: ms => restFor(ms, fleet) });
    this.#rescue = RescueFile.unnamed(nowMs);
  }

  /** Passages that share no node go at the same time. */
  inTurn(step: MoveStep, work: () => Promise<void>): Promise<void> {
    const { before, moving } = this.#work;
    const alongside = !this.#pace.isLimited && goesAlongside(step, before, moving?.mover ?? 'auto');
    return this.#gates.pass(alongside ? [] : [step.from, step.to], work);
  }

  /** For other work that keeps nodes busy: not beside passages that they are part of. */
  between(nodes: readonly NodeId[], work: () => Promise<void>): Promise<void> {
    return this.#gates.pass(nodes, work);
  }

  async move(step: MoveStep, tell: Tell<PlanEvent>): Promise<Problem | undefined> {
    const { fleet, before, watch, moving, nowMs } = this.#work;
    if (!moving) throw new RangeError('the plan moves slots, and nobody has said how');
    const { limits, isStopping, mover } = moving;
    const trip = watch.begin(step, openAt(before, step));
    const run: MoveRun = {
      fleet,
      limits,
      moved: (slots, keys) => tell({ kind: 'moved', step, slots, keys }),
      note: note => tell({ kind: 'noted', step, note }),
      pace: this.#pace,
      own: this.#own,
      trip,
      nowMs,
      isStopping,
      ...(limits.replace && { rescue: this.#rescue }),
    };
    try {
      const moved = await moveSlots(step, before, mover, run);
      return moved.size === step.slots.size ? undefined : { kind: 'interrupted' };
    } finally {
      trip.end();
    }
  }

  close(): Promise<void> {
    return this.#rescue.close();
  }
}

/** A rest may be long where little is allowed, and whoever presses Ctrl-C twice does not wait for its end. */
async function restFor(ms: number, { interruption }: Fleet): Promise<void> {
  try {
    await sleep(ms, undefined, { signal: interruption });
  } catch {
    throw new InterruptedError();
  }
}
