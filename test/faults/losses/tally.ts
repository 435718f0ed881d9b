/** What came of all rounds, as a table and for programs. */
import { asTable } from '../long-form.ts';
import type { RoundResult } from './round.ts';

export interface Line {
  readonly row: string;
  rounds: number;
  /** Rounds in which it happened while slotctl was at work. */
  midway: number;
  endedWith0: number;
  /** Rounds that ended otherwise with every key there, and with keys missing. */
  refusedOrFailed: number;
  told: number;
  /** Keys in those last ones. */
  missing: number;
  wrong: number;
}

export class Tally {
  readonly #lines = new Map<string, Line>();

  add(row: string, { code, midway, missing, objection }: RoundResult): void {
    const line = this.#lines.get(row) ?? {
      ...{ row, rounds: 0, midway: 0, endedWith0: 0, refusedOrFailed: 0, told: 0, missing: 0, wrong: 0 },
    };
    this.#lines.set(row, line);
    line.rounds++;
    if (midway) line.midway++;
    if (code === 0) line.endedWith0++;
    else if (missing === 0) line.refusedOrFailed++;
    else line.told++;
    line.missing += missing;
    if (objection !== undefined) line.wrong++;
  }

  get lines(): readonly Line[] {
    return [...this.#lines.values()].sort((a, b) => a.row.localeCompare(b.row));
  }

  toString(): string {
    const head = [
      'hazard and work',
      'rounds',
      'midway',
      'exit 0',
      'other, all there',
      'other, missing',
      'keys',
      'wrong',
    ];
    const rows = this.lines.map(line => [
      line.row,
      ...[
        line.rounds,
        line.midway,
        line.endedWith0,
        line.refusedOrFailed,
        line.told,
        line.missing,
        line.wrong,
      ],
    ]);
    return asTable(head, rows);
  }
}
