/**
 * How many slots each node should own of all that these nodes own now. Every size is the exact quota rounded down or
 * up. Which are rounded up is a choice, and two things decide it:
 *
 * 1. As few slots as possible move. A node with more than the whole part of its quota gives one fewer when it is
 *    rounded up, any other gets one more; so the former come first. Sizes that are such a choice already stay.
 *
 * 2. As few pairs of nodes as possible exchange slots, since every pair costs a cut and with it a fragment. Givers and
 *    takers are paired along a line, each giver filling up one taker after the other. That takes as many pairs as
 *    there are givers and takers, minus one for every point where a giver is emptied just as a taker is filled.
 *    Rounding moves these points: with `u` of the first `i` givers rounded up, the giver ends at S(i) − u, where S sums
 *    up what they have above the whole parts. It is a walk from u = 0 to all that are to be rounded up, in which each
 *    step stays or goes up by one, and the walk that meets the most ends of takers is found by trying all, step by step.
 *
 * Without the second, three nodes more for six turn every rounding into a slot that travels, and stays, alone.
 */
import { leftOver, quotasOf } from './apportion.ts';

/** Nodes in the order of the line. */
export function idealSizes(present: readonly number[], weights: readonly number[]): number[] {
  const total = present.reduce((sum, size) => sum + size, 0);
  const quotas = quotasOf(total, weights);
  const nodes = quotas.map(({ whole, rest }, i) => ({
    i,
    amount: (present[i] ?? 0) - whole,
    uneven: rest > 0n,
  }));
  const givers = nodes.filter(({ amount }) => amount > 0);
  const takers = nodes.filter(({ amount }) => amount <= 0).map(node => ({ ...node, amount: -node.amount }));
  const up = leftOver(total, quotas);
  const upAmongGivers = Math.min(up, givers.filter(({ uneven }) => uneven).length);
  // Where there is a choice among the givers, no taker is rounded up.
  const fewer = roundUp(givers, upAmongGivers, -1, endsOf(takers));
  const given = givers.map(giver => ({ ...giver, amount: giver.amount - (fewer.has(giver) ? 1 : 0) }));
  const more = roundUp(takers, up - upAmongGivers, 1, endsOf(given));
  const roundedUp = new Set([...fewer, ...more].map(({ i }) => i));
  return quotas.map(({ whole }, i) => (roundedUp.has(i) ? whole + 1 : whole));
}

interface Rounding {
  /** What it gives or gets when it is rounded down. */
  readonly amount: number;
  /** Whether its quota has a rest, without which there is nothing to round. */
  readonly uneven: boolean;
}

function endsOf(line: readonly Pick<Rounding, 'amount'>[]): Set<number> {
  let end = 0;
  return new Set(line.map(({ amount }) => (end += amount)));
}

/** Which `count` of them to round up, each changing its amount by `change`. */
function roundUp<P extends Rounding>(
  line: readonly P[],
  count: number,
  change: 1 | -1,
  ends: ReadonlySet<number>,
): Set<P> {
  // What is gained by the best walk that has come to each number of nodes rounded up.
  let gains: readonly number[] = [0, ...new Array<number>(count).fill(-Infinity)];
  let end = 0;
  const ups = line.map(({ amount, uneven }) => {
    end += amount;
    const step = (from = -Infinity, given: number, u: number) =>
      given === 0 ? from : from + (ends.has(end + change * u) ? 1 : 0) - 1;
    const stays = gains.map((from, u) => step(from, amount, u));
    const rises = gains.map((_, u) => (uneven ? step(gains[u - 1], amount + change, u) : -Infinity));
    gains = stays.map((gain, u) => Math.max(gain, rises[u] ?? -Infinity));
    return stays.map((gain, u) => (rises[u] ?? -Infinity) > gain);
  });
  const chosen = new Set<P>();
  for (let i = line.length - 1, u = count; i >= 0 && u > 0; i--) {
    if (!ups[i]?.[u]) continue;
    chosen.add(line[i] as P);
    u--;
  }
  return chosen;
}
