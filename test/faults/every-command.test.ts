/**
 * Every piece of work, stopped at every command in every way, on simulated clusters: nothing is lost, and whoever goes
 * on comes to a good end. `npm run test:faults` does all of it; otherwise it is done at some commands.
 */
import { describe, expect, test, vi } from 'vitest';
import { FIX_SCENARIOS } from './fix-scenarios.ts';
import { type Afterwards, type Mishap, runWithFault } from './run-with-fault.ts';
import { SCENARIOS, type Scenario } from './scenarios.ts';

vi.mock('node:timers/promises', async () => (await import('../support/simulated/clock.ts')).simulatedTimers);

const isLong = process.env['SLOTCTL_FAULTS'] === 'long';
const SEEDS = isLong ? [1, 2, 3] : [0];
/** Commands at which each kind of fault strikes; in the long form, all. */
const PLACES = isLong ? Number.POSITIVE_INFINITY : 4;

const ALL_KINDS: readonly Mishap['kind'][] = [
  'killed',
  'killed-after',
  'cut',
  'cut-after',
  'crash',
  'crash-after',
  'crash-within',
  'torn',
  'late',
  'first Ctrl-C',
];

function afterwardsOf(kind: Mishap['kind'], { hasReplicas }: Scenario): readonly Afterwards[] {
  return kind.startsWith('crash') && hasReplicas
    ? ['comes back', 'is replaced by its replica']
    : ['comes back'];
}

describe.each([...SCENARIOS, ...FIX_SCENARIOS])('$name', scenario => {
  const lengths = new Map<number, number>();
  const lengthOf = async (seed: number) => {
    const commands = lengths.get(seed) ?? (await runWithFault(scenario, seed)).commands;
    lengths.set(seed, commands);
    return commands;
  };

  test.each(SEEDS)('undisturbed, seed %d', async seed => {
    const { losses, left } = await runWithFault(scenario, seed);
    expect({ losses, left }).toEqual({ losses: [], left: [] });
  });

  const cases = ALL_KINDS.flatMap(kind =>
    afterwardsOf(kind, scenario).flatMap(afterwards => SEEDS.map(seed => ({ kind, afterwards, seed }))),
  );

  test.each(cases)(
    '$kind, the node $afterwards, seed $seed',
    async ({ kind, afterwards, seed }) => {
      const commands = await lengthOf(seed);
      const stride = Math.max(1, Math.ceil(commands / PLACES));
      const wrong: string[] = [];
      for (let at = 1; at <= commands; at += stride) {
        const mishap = { at, kind, afterwards };
        const report = await runWithFault(scenario, seed, mishap);
        const { losses, hit, left } = report;
        if (losses.length + left.length > 0)
          wrong.push(`at command ${at} (${hit}): ${[...losses, ...left].slice(0, 5).join(' | ')}`);
      }
      expect(wrong).toEqual([]);
    },
    600_000,
  );
});
