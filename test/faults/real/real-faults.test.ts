/**
 * Faults on real servers, while slots move and clients write. `npm run test:faults` plays every row with every mover on
 * every server, SLOTCTL_FAULT_ROUNDS times; otherwise a dozen rounds are played. SLOTCTL_FAULT_ROWS (a part of their names) and
 * SLOTCTL_FAULT_SEED repeat some of it: the seed decides who is hit and about when, and not how the machine takes turns.
 */
import { writeFileSync } from 'node:fs';
import { afterAll, describe, expect, test } from 'vitest';
import { LoneNodes } from '../../support/lone-nodes.ts';
import { EXPECTED, type ServerBuild, serversUnderTest } from '../../support/servers.ts';
import { Bed, type BedKind } from './bed.ts';
import { playCreateRound } from './create-round.ts';
import { playRound } from './round.ts';
import { moversFor, nameOf, ROWS, type Row, SHORT } from './rows.ts';
import type { Mover } from './scene.ts';
import { Tally } from './tally.ts';

const { env } = process;
const isLong = env['SLOTCTL_FAULTS'] === 'long';
const rounds = isLong ? Number(env['SLOTCTL_FAULT_ROUNDS'] ?? 4) : 1;
const firstSeed = Number(env['SLOTCTL_FAULT_SEED'] ?? (isLong ? Math.floor(Math.random() * 1e6) : 1));
/** Names hold bars, so that what is asked for is text and no pattern. */
const wanted = env['SLOTCTL_FAULT_ROWS'] ?? '';
const tally = new Tally();

interface Turn {
  readonly row: Row;
  readonly mover: Mover;
  readonly seed: number;
}

function turnsOn(build: ServerBuild, bed: BedKind): Turn[] {
  const rows = ROWS.filter(row => row.bed === bed && nameOf(row).includes(wanted));
  return rows.flatMap(row =>
    moversFor(row, build).flatMap(mover => {
      const short = SHORT.some(
        one => one.server === build.name && one.mover === mover && one.row === nameOf(row),
      );
      if (!isLong && !short) return [];
      return Array.from({ length: rounds }, (_, n) => ({ row, mover, seed: firstSeed + n }));
    }),
  );
}

const HOURS_MS = 3_600_000;
const servers = serversUnderTest().filter(({ name }) => EXPECTED.includes(name));

describe.concurrent.each(servers)('$name', build => {
  test(
    'nothing is lost, and the cluster gets well',
    async () => {
      const wrong: string[] = [];
      for (const kind of ['bare', 'synced', 'copied'] as const)
        wrong.push(...(await playOn(build, kind, turnsOn(build, kind))));
      expect(wrong.join('\n\n')).toBe('');
    },
    isLong ? 4 * HOURS_MS : 180_000,
  );

  test.runIf('slotctl killed | create'.includes(wanted))(
    'create comes to its end',
    async t => {
      if (!isLong && build.product === 'redis') return;
      const lone = await LoneNodes.startFor(t, { build, count: 6, nodeTimeoutMs: 1000 });
      for (let n = 0; n < rounds; n++) {
        const { midway } = await playCreateRound(lone, firstSeed + n);
        tally.add('slotctl killed | create', { midway, writes: 0, lost: 0, rescued: 0, mended: 0 });
      }
    },
    isLong ? HOURS_MS : 120_000,
  );
});

afterAll(() => {
  const report = env['SLOTCTL_FAULT_REPORT'];
  if (report) writeFileSync(report, `${JSON.stringify({ seed: firstSeed, lines: tally.lines }, null, 2)}\n`);
  if (isLong) console.log(`seed ${firstSeed}\n${tally}`);
});

async function playOn(build: ServerBuild, kind: BedKind, turns: readonly Turn[]): Promise<string[]> {
  const wrong: string[] = [];
  let bed: Bed | undefined;
  try {
    for (const { row, mover, seed } of turns) {
      bed ??= await Bed.start(build, kind);
      const name = `${row.fault.name} | ${row.work.name}`;
      try {
        const { lost, ...result } = await playRound(bed, { ...row, mover, seed });
        tally.add(name, { ...result, lost: lost.length });
        if (lost.length === 0) continue;
        wrong.push(`${repeating(build, row, mover, seed)}\n${lost.join('\n')}`);
      } catch (error) {
        tally.add(name, { midway: true, writes: 0, lost: 0, rescued: 0, mended: 0 });
        wrong.push(`${repeating(build, row, mover, seed)}\n${error}`);
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

function repeating(build: ServerBuild, row: Row, mover: Mover, seed: number): string {
  const settings = `SLOTCTL_FAULTS=long SLOTCTL_FAULT_ROUNDS=1 SLOTCTL_FAULT_SEED=${seed} SLOTCTL_FAULT_ROWS='${nameOf(row)}'`;
  return `${build.name}, ${mover}: ${settings} npx vitest run test/faults/real`;
}
