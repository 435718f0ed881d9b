/** What came of all rounds, as a table and for programs. */
import { asTable } from '../long-form.ts';

export interface Line {
  readonly fault: string;
  rounds: number;
  /** Rounds in which it happened while slotctl was at work. */
  midway: number;
  writes: number;
  lost: number;
  rescued: number;
  /** The most runs of `fix` that one round took. */
  mended: number;
}

export type Played = Omit<Line, 'fault' | 'rounds' | 'midway'> & { readonly midway: boolean };

export class Tally {
  readonly #lines = new Map<string, Line>();

  add(fault: string, round: Played): void {
    const line = this.#lines.get(fault) ?? {
      fault,
      rounds: 0,
      midway: 0,
      writes: 0,
      lost: 0,
      rescued: 0,
      mended: 0,
    };
    this.#lines.set(fault, line);
    line.rounds++;
    if (round.midway) line.midway++;
    line.writes += round.writes;
    line.lost += round.lost;
    line.rescued += round.rescued;
    line.mended = Math.max(line.mended, round.mended);
  }

  get lines(): readonly Line[] {
    return [...this.#lines.values()].sort((a, b) => a.fault.localeCompare(b.fault));
  }

  toString(): string {
    const head = ['fault', 'rounds', 'midway', 'writes', 'lost', 'in rescue files', 'runs of fix'];
    const rows = this.lines.map(line => [
      line.fault,
      ...[line.rounds, line.midway, line.writes, line.lost, line.rescued, line.mended].map(String),
    ]);
    return asTable(head, rows);
  }
}
