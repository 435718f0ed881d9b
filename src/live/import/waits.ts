/** The waits of an import, which end when somebody wants an end. */
import { setTimeout as sleep } from 'node:timers/promises';
import { InterruptedError } from '../../resp/errors.ts';
import type { Fleet } from '../../resp/fleet.ts';

export interface Interruptions {
  /** What is under way is finished, and nothing new begun. */
  readonly soon: AbortSignal;
  /** Everything ends. */
  readonly atOnce: AbortSignal;
}

export function interruptionsOf(source: Fleet, target: Fleet, soon: AbortSignal): Interruptions {
  return { soon, atOnce: AbortSignal.any([source.interruption, target.interruption]) };
}

/** For what is under way, and is to be finished. */
export async function wait(ms: number, { atOnce }: Pick<Interruptions, 'atOnce'>): Promise<void> {
  try {
    await sleep(ms, undefined, { signal: atOnce });
  } catch {
    throw new InterruptedError();
  }
}

/** Before something new is begun: over as soon as nothing new is to be begun. */
export async function waitUnlessStopping(ms: number, { soon, atOnce }: Interruptions): Promise<void> {
  try {
    await sleep(ms, undefined, { signal: AbortSignal.any([soon, atOnce]) });
  } catch {
    if (atOnce.aborted) throw new InterruptedError();
  }
}
