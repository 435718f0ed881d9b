/**
 * Every piece of work, stopped at every command in every way, on simulated clusters: nothing is lost, and whoever goes
 * on comes to a good end. `npm run test:faults` does all of it; otherwise it is done at some commands.
 */
import { describe, expect, test, vi } from 'vitest';
import { FIX_SCENARIOS } from './fix-scenarios.ts';
import { runWithFault } from './run-with-fault.ts';
import { type Afterwards, type Mishap, OF_KEYS, SCENARIOS, type Scenario } from './scenarios.ts';

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

/** The last moves have been begun, or the last MIGRATE is one that the target refuses. */
const MAY_COME_TOO_LATE: ReadonlySet<Mishap['kind']> = new Set(['first Ctrl-C', 'torn']);

function afterwardsOf(kind: Mishap['kind'], { hasReplicas }: Scenario): readonly Afterwards[] {
  return kind.startsWith('crash') && hasReplicas
    ? ['comes back', 'is replaced by its replica']
    : ['comes back'];
}

describe.each([...SCENARIOS, ...FIX_SCENARIOS])('$name', scenario => {
  const counts = new Map<string, number>();
  /** How many commands it could hit: what is done while it does not come. */
  const exposedTo = async (kind: Mishap['kind'], seed: number) => {
    const name = `${OF_KEYS.includes(kind)} ${seed}`;
    const never = { kind, at: Number.POSITIVE_INFINITY };
    const count = counts.get(name) ?? (await runWithFault(scenario, seed, never)).exposed;
    counts.set(name, count);
    return count;
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
      const exposed = await exposedTo(kind, seed);
      const stride = Math.max(1, Math.ceil(exposed / PLACES));
      const wrong: string[] = [];
      let [played, struck] = [0, 0];
      for (let at = 1; at <= exposed; at += stride) {
        const mishap = { at, kind, afterwards };
        const { losses, hit, left } = await runWithFault(scenario, seed, mishap);
        played++;
        if (hit !== undefined) struck++;
        if (losses.length + left.length > 0)
          wrong.push(`at command ${at} (${hit}): ${[...losses, ...left].slice(0, 5).join(' | ')}`);
      }
      expect(wrong).toEqual([]);
      expect(struck > 0, 'it strikes').toBe(!scenario.spares.includes(kind));
      if (!MAY_COME_TOO_LATE.has(kind)) expect(struck).toBe(played);
    },
    600_000,
  );
});
