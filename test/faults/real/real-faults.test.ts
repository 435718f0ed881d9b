/**
 * Faults on real servers, while slots move and clients write. `npm run test:faults` plays every row with every mover on
 * every server; otherwise a dozen rounds are played.
 */
import { afterAll, describe, expect, test } from 'vitest';
import { LoneNodes } from '../../support/lone-nodes.ts';
import type { ServerBuild } from '../../support/servers.ts';
import {
  firstSeed,
  isLong,
  isWanted,
  LIMIT_MS,
  type Played,
  repeating,
  report,
  rounds,
  SERVERS,
  turnsOf,
  untilItStrikes,
} from '../long-form.ts';
import { Bed, type BedKind } from './bed.ts';
import { playCreateRound } from './create-round.ts';
import { playRound } from './round.ts';
import { moversFor, nameOf, ROWS, type Row, SHORT } from './rows.ts';
import { Tally } from './tally.ts';

const tally = new Tally();

const CREATE = 'slotctl killed | create';

describe.concurrent.each(SERVERS)('$name', build => {
  test(
    'nothing is lost, and the cluster gets well',
    async () => {
      const wrong: string[] = [];
      for (const kind of ['bare', 'synced', 'copied'] as const) wrong.push(...(await playOn(build, kind)));
      expect(wrong.join('\n\n')).toBe('');
    },
    LIMIT_MS,
  );

  test.runIf(isWanted(CREATE))(
    'create comes to its end',
    async t => {
      if (!isLong && build.product === 'redis') return;
      const lone = await LoneNodes.startFor(t, { build, count: 6, nodeTimeoutMs: 1000 });
      for (let n = 0; n < rounds; n++) {
        await untilItStrikes(firstSeed + n, async seed => {
          const { midway } = await playCreateRound(lone, seed);
          tally.add(CREATE, { midway, writes: 0, lost: 0, rescued: 0, mended: 0 });
          return { midway };
        });
      }
    },
    LIMIT_MS,
  );
});

afterAll(() => report('faults', tally));

interface Turn {
  readonly row: Row;
  readonly played: Played;
}

function turnsOn(build: ServerBuild, bed: BedKind): Turn[] {
  return ROWS.filter(row => row.bed === bed).flatMap(row =>
    turnsOf(nameOf(row), build, moversFor(row, build), SHORT).map(played => ({ row, played })),
  );
}

async function playOn(build: ServerBuild, kind: BedKind): Promise<string[]> {
  const wrong: string[] = [];
  let bed: Bed | undefined;
  try {
    for (const { row, played } of turnsOn(build, kind)) {
      bed ??= await Bed.start(build, kind);
      const name = `${row.fault.name} | ${row.work.name}`;
      try {
        const on = bed;
        const { lost } = await untilItStrikes(played.seed, async seed => {
          const result = await playRound(on, { ...row, ...played, seed });
          tally.add(name, { ...result, lost: result.lost.length });
          return { ...result, midway: result.midway || result.lost.length > 0 };
        });
        if (lost.length === 0) continue;
        wrong.push(`${repeating(played, 'real')}\n${lost.join('\n')}`);
      } catch (error) {
        tally.add(name, { midway: false, writes: 0, lost: 0, rescued: 0, mended: 0 });
        wrong.push(`${repeating(played, 'real')}\n${error}`);
      }
      // Nobody knows in what state that has left it.
      await bed.dispose();
      bed = undefined;
    }
  } finally {
    await bed?.dispose();
  }
  return wrong;
}
