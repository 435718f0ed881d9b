/** Whatever a cluster has come to: a few rounds of `fix` on paper leave nothing wrong that was not said to be left. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type FixPlan, planFix } from '../../../src/plan/fix/fix.ts';
import { placesIn } from '../../../src/plan/placement/zone-map.ts';
import { diagnose, examine, NO_WISHES } from '../../../src/topology/diagnose.ts';
import { SLOT_COUNT, SlotSet, slot } from '../../../src/topology/slot-set.ts';
import type { ClusterSnapshot } from '../../../src/topology/snapshot.ts';
import { draw } from '../../support/drawing.ts';
import { carryKeys, censusOf, type PaperKeys, total } from '../../support/paper-keys.ts';
import { planOf } from '../../support/plan-text.ts';
import { project } from '../../support/project/project.ts';

const MOST_ROUNDS = 6;
/** So many slots are damaged, each on its own; the others have their owner. */
const DAMAGED = 12;

interface SlotDamage {
  readonly owners: readonly number[];
  /** Who has the mark, and whom it names; whoever is no primary is a replica: it was one when the mark was made. */
  readonly migrating: readonly [number, number][];
  readonly importing: readonly [number, number][];
  readonly keys: readonly [number, number][];
}

interface Damaged {
  readonly drawing: string;
  readonly keys: readonly (readonly [name: string, slot: number, count: number])[];
}

function anySlotDamage(primaries: number): fc.Arbitrary<SlotDamage> {
  const node = fc.nat({ max: primaries - 1 });
  const named = fc.nat({ max: primaries + 1 });
  const pairs = fc
    .uniqueArray(fc.tuple(node, named), { maxLength: 2, selector: ([marked]) => marked })
    .map(all => all.filter(([marked, peer]) => marked !== peer));
  const none: [number, number][] = [];
  return fc.record({
    owners: fc.oneof(
      { weight: 6, arbitrary: fc.uniqueArray(node, { minLength: 1, maxLength: 1 }) },
      { weight: 2, arbitrary: fc.constant([]) },
      { weight: 1, arbitrary: fc.uniqueArray(node, { minLength: 2, maxLength: 2 }) },
    ),
    migrating: fc.oneof(fc.constant(none), pairs),
    importing: fc.oneof(fc.constant(none), pairs),
    keys: fc.uniqueArray(fc.tuple(node, fc.integer({ min: 1, max: 5 })), {
      maxLength: 3,
      selector: ([holder]) => holder,
    }),
  });
}

const anyDamaged: fc.Arbitrary<Damaged> = fc
  .integer({ min: 2, max: 4 })
  .chain(primaries =>
    fc.record({
      primaries: fc.constant(primaries),
      slots: fc.array(anySlotDamage(primaries), { minLength: DAMAGED, maxLength: DAMAGED }),
      replicas: fc.array(fc.nat({ max: primaries }), { maxLength: 2 }),
      down: fc.oneof({ weight: 3, arbitrary: fc.constant(-1) }, { weight: 1, arbitrary: fc.nat({ max: 3 }) }),
      epochs: fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 4, maxLength: 4 }),
      deaf: fc.option(fc.tuple(fc.nat({ max: 3 }), fc.nat({ max: 3 }))),
      isDown: fc.boolean(),
    }),
  )
  .map(({ primaries, slots, replicas, down, epochs, deaf, isDown }) => {
    const border = (i: number) => DAMAGED + Math.round((i * (SLOT_COUNT - DAMAGED)) / primaries);
    const nameOf = (i: number) => {
      if (i < primaries) return [`P${i}`];
      return replicas[i - primaries] === undefined ? [] : [`r${i - primaries}`];
    };
    const lines = Array.from({ length: primaries }, (_, i) => {
      const own = slots.flatMap(({ owners }, s) => (owners.includes(i) ? [s] : []));
      const open = slots.flatMap(({ migrating, importing, owners }, s) => [
        ...migrating
          .filter(([node]) => node === i)
          .flatMap(([, to]) => nameOf(to).map(name => `${s}>${name}`)),
        ...importing
          .filter(([node]) => node === i && !owners.includes(i))
          .flatMap(([, from]) => nameOf(from).map(name => `${s}<${name}`)),
      ]);
      const set = SlotSet.of(...own).union(SlotSet.range(border(i), border(i + 1) - 1));
      return [
        `P${i} primary ${set} epoch=${epochs[i]}`,
        ...(i === down && primaries > 2 ? ['down'] : []),
        ...(open.length > 0 ? [`open=${open.join(',')}`] : []),
        ...(isDown ? ['state=fail'] : []),
      ].join(' ');
    });
    lines.push(...replicas.map((of, i) => `r${i} replica of ${of < primaries ? `P${of}` : 'nobody'}`));
    if (deaf && deaf[0] < primaries && deaf[1] < primaries && deaf[0] !== deaf[1])
      lines.push(`P${deaf[0]} says P${deaf[1]} primary ${border(deaf[1])}-${border(deaf[1] + 1) - 2}`);
    const isHeard = isDown;
    if (down >= 0 && down < primaries && primaries > 2 && !isHeard)
      for (let i = 0; i < primaries; i++) if (i !== down) lines.push(`P${i} says P${down} fail`);
    const keys = slots.flatMap((damage, s) => damage.keys.map(([i, count]) => [`P${i}`, s, count] as const));
    return { drawing: lines.join('\n'), keys };
  });

interface Outcome {
  readonly last: FixPlan;
  readonly snapshot: ClusterSnapshot;
  readonly keys: PaperKeys;
  readonly rounds: number;
}

function mended({ drawing, keys: drawn }: Damaged, hides: boolean, withUnreachable: boolean): Outcome {
  const drawing_ = draw(drawing);
  let snapshot = drawing_.snapshot;
  let keys: PaperKeys = new Map();
  for (const [name, s, count] of drawn) {
    const id = drawing_.id(name);
    keys.set(id, (keys.get(id) ?? new Map()).set(slot(s), count));
  }
  for (let rounds = 1; ; rounds++) {
    const census = censusOf(snapshot, keys, hides);
    const placeOf = placesIn(snapshot, new Map());
    const wishes = { searchOwners: true, withUnreachable };
    const last = planOf(planFix({ ...examine(snapshot), census, migrations: [], wishes, placeOf }));
    if (last.stages.length === 0 || rounds > MOST_ROUNDS) return { last, snapshot, keys, rounds };
    keys = carryKeys(keys, last);
    snapshot = project(last);
  }
}

describe.each([
  { server: 'that tells of all keys', hides: false },
  { server: 'that hides keys of slots which are not its own', hides: true },
])('a server $server', ({ hides }) => {
  test.each([false, true])('is mended as far as can be, with unreachable owners: %s', withUnreachable => {
    fc.assert(
      fc.property(anyDamaged, damaged => {
        const before = damaged.keys.reduce((sum, [, , count]) => sum + count, 0);
        const { last, snapshot, keys, rounds } = mended(damaged, hides, withUnreachable);
        expect(rounds).toBeLessThanOrEqual(MOST_ROUNDS);
        expect(total(keys)).toBe(before);
        const census = censusOf(snapshot, keys, hides);
        const errors = diagnose(snapshot, { ...NO_WISHES, census }).filter(f => f.severity === 'error');
        const blocked = SlotSet.union(
          last.situations.flatMap(({ obstacle, slots }) => (obstacle ? [slots] : [])),
        );
        const unsaid = errors.filter(
          error =>
            !last.left.some(({ kind }) => kind === error.kind) &&
            !last.situations.some(({ kind, obstacle }) => obstacle && kind === error.kind) &&
            (error.slots.size === 0 || error.slots.without(blocked).size > 0),
        );
        expect(unsaid).toEqual([]);
        const isObstructed = last.left.length > 0 || last.situations.some(({ obstacle }) => obstacle);
        if (!isObstructed) expect(errors).toEqual([]);
      }),
      // Where keys are hidden, all slots are marked for a while, which takes its time on paper too.
      { numRuns: hides ? 10 : 60 },
    );
  });
});
