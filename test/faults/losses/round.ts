/** One round: keys are there, slotctl moves or copies them, servers lose some; and its exit code has to know. */
import type { ServerBuild } from '../../support/servers.ts';
import { Random } from '../../support/simulated/random.ts';
import type { Mover } from '../long-form.ts';
import { describe, type Ended, start } from '../real/program.ts';
import type { Hazard } from './hazards.ts';
import { clearAway, type LossScene, setScene } from './scene.ts';
import { missingAfter, type Work } from './works.ts';

export interface RoundPlan {
  readonly build: ServerBuild;
  readonly work: Work;
  readonly hazard: Hazard;
  readonly mover: Mover;
  readonly seed: number;
}

export interface RoundResult {
  readonly code: number;
  /** Whether it happened while slotctl was at it. */
  readonly midway: boolean;
  readonly missing: number;
  /** What must not be: a 0 with keys missing, something else where nothing is, a program that crashes. */
  readonly objection?: string;
}

/** Until it was seen how long a work takes by itself. */
const FIRST_GUESS_MS = 400;
/** What a trace shows when the first look is over, and the first key or slot goes. */
const BEGUN = / > (MIGRATE|CLUSTER MIGRATION IMPORT|CLUSTER MIGRATESLOTS|RESTORE|DUMP|PSYNC) /;
const usually = new Map<string, number>();

export async function playRound(plan: RoundPlan): Promise<RoundResult> {
  const { build, work, hazard, mover, seed } = plan;
  const { replicasPerPrimary = 0, config = [] } = hazard;
  const scene = await setScene({ build, mover, random: new Random(seed), replicasPerPrimary, config });
  try {
    const words = await work.begin(scene);
    const further = (await hazard.begin?.(scene)) ?? [];
    const { ended, midway, couldKnow } = await strikeWhile([...words, ...further], plan, scene);
    await hazard.relieve?.(scene);
    const missing = await missingAfter(work, scene);
    const objection = objectionTo(ended, missing.length, couldKnow, hazard);
    return {
      code: ended.code ?? -1,
      // What came after its last look nobody can know.
      midway: midway && (couldKnow || ended.code !== 0 || missing.length === 0),
      missing: missing.length,
      ...(objection && { objection: `${objection}\n${missing.slice(0, 3)}\n${describe(ended)}` }),
    };
  } finally {
    hazard.release?.(scene);
    await clearAway(scene);
  }
}

async function strikeWhile(
  words: readonly string[],
  { build, work, hazard, mover }: RoundPlan,
  scene: LossScene,
): Promise<{ readonly ended: Ended; readonly midway: boolean; readonly couldKnow: boolean }> {
  const pace = `${build.name} ${work.name} ${mover}`;
  let begun = () => {};
  const beginning = new Promise<void>(resolve => {
    begun = resolve;
  });
  const running = start([...words, '--trace'], scene.folder, text => {
    if (BEGUN.test(text)) begun();
  });
  let isOver = false;
  const ending = running.ended.finally(() => {
    isOver = true;
    begun();
  });
  const usualMs = usually.get(pace) ?? FIRST_GUESS_MS;
  // What is lost before the first look is nothing that slotctl could know.
  const struck = beginning.then(() => {
    const begunAt = performance.now();
    const striking = hazard.strike({ ...scene, usualMs, isOver: () => isOver });
    return Promise.all([striking, ending.then(() => performance.now() - begunAt)]);
  });
  const [ended, [{ midway, couldKnow }, tookMs]] = await Promise.all([ending, struck]);
  if (hazard.name === 'nothing') usually.set(pace, tookMs);
  return { ended, midway, couldKnow: await couldKnow() };
}

function objectionTo(
  { code, stderr }: Ended,
  missing: number,
  couldKnow: boolean,
  hazard: Hazard,
): string | undefined {
  if (code === null || /this is a bug in slotctl|\nNode\.js v/.test(stderr)) return 'it crashed';
  if (code === 0 && missing > 0 && couldKnow) return `it ended with 0, and ${missing} keys are missing`;
  if (code !== 0 && hazard.isHarmless) return `nothing is wrong, and it ended with ${code}`;
  return undefined;
}
