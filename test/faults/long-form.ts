/**
 * What the long form of these tests plays (`npm run test:faults`): every row so many times with each mover on each server.
 * SLOTCTL_FAULT_ROWS (a part of their names) and SLOTCTL_FAULT_SEED repeat some of it: the seed decides who is hit and about
 * when, and not how the machine takes turns.
 */
import { writeFileSync } from 'node:fs';
import { ATOMIC_MIGRATION } from '../../src/topology/releases.ts';
import { EXPECTED, isBuildSince, type ServerBuild, serversUnderTest } from '../support/servers.ts';

export type Mover = 'migrate' | 'atomic';

/** One row with one mover on one server, as it is played whenever tests are run. */
export interface Pick {
  readonly server: string;
  readonly mover: Mover;
  readonly row: string;
}

const { env } = process;

export const isLong = env['SLOTCTL_FAULTS'] === 'long';
export const rounds = isLong ? Number(env['SLOTCTL_FAULT_ROUNDS'] ?? 4) : 1;
export const firstSeed = Number(env['SLOTCTL_FAULT_SEED'] ?? (isLong ? Math.floor(Math.random() * 1e6) : 1));

/** Names hold bars, so that what is asked for is text and no pattern. */
const wanted = env['SLOTCTL_FAULT_ROWS'] ?? '';

export const SERVERS: readonly ServerBuild[] = serversUnderTest().filter(({ name }) =>
  EXPECTED.includes(name),
);

/** Only ends what would never end. */
const HOURS_MS = 3_600_000;
export const LIMIT_MS = isLong ? 8 * HOURS_MS : HOURS_MS / 6;

export function isWanted(name: string): boolean {
  return name.includes(wanted);
}

export interface Played {
  readonly server: string;
  readonly mover: Mover;
  readonly row: string;
  readonly seed: number;
}

export function turnsOf(
  row: string,
  { name: server }: ServerBuild,
  movers: readonly Mover[],
  short: readonly Pick[],
): Played[] {
  if (!isWanted(row)) return [];
  return movers.flatMap(mover => {
    const isShort = short.some(one => one.server === server && one.mover === mover && one.row === row);
    if (!isLong && !isShort) return [];
    return Array.from({ length: rounds }, (_, n) => ({ server, mover, row, seed: firstSeed + n }));
  });
}

export function moversOn(build: ServerBuild): readonly Mover[] {
  return isBuildSince(build, ATOMIC_MIGRATION) ? ['migrate', 'atomic'] : ['migrate'];
}

/** A fault that comes too late has broken nothing: it is played again, with other seeds. */
const MOST_TRIES = 8;

/** Throws if it never strikes. Rounds in which it does not are counted by whoever plays them, as not midway. */
export async function untilItStrikes<T extends { readonly midway: boolean }>(
  seed: number,
  play: (seed: number) => Promise<T>,
): Promise<T> {
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    const result = await play(seed + tries * 1_000_000);
    if (result.midway) return result;
  }
  throw new Error(`in ${MOST_TRIES} rounds it never came while slotctl was at work`);
}

/** The command that plays it again. */
export function repeating({ server, mover, row, seed }: Played, folder: string): string {
  const settings = `SLOTCTL_FAULTS=long SLOTCTL_FAULT_ROUNDS=1 SLOTCTL_FAULT_SEED=${seed} SLOTCTL_FAULT_ROWS='${row}'`;
  return `${server}, ${mover}: ${settings} npx vitest run test/faults/${folder}`;
}

/** As a table for people, and in SLOTCTL_FAULT_REPORT, a folder, for programs. */
export function report(name: string, tally: { readonly lines: readonly object[] }): void {
  const folder = env['SLOTCTL_FAULT_REPORT'];
  const document = { seed: firstSeed, rounds, lines: tally.lines };
  if (folder) writeFileSync(`${folder}/${name}.json`, `${JSON.stringify(document, null, 2)}\n`);
  if (isLong) console.log(`seed ${firstSeed}\n${tally}`);
}

/** Rows of a table as Markdown. */
export function asTable(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const lines = [head, head.map(() => '---'), ...rows].map(cells => `| ${cells.join(' | ')} |`);
  return ['', ...lines, ''].join('\n');
}
