/** What came of all rounds, as a table and for programs. */
export interface Line {
  readonly fault: string;
  rounds: number;
  /** Rounds in which it happened while slotctl was at work. */
  midway: number;
  writes: number;
  lost: number;
  rescued: number;
}

export class Tally {
  readonly #lines = new Map<string, Line>();

  add(fault: string, round: { midway: boolean; writes: number; lost: number; rescued: number }): void {
    const line = this.#lines.get(fault) ?? { fault, rounds: 0, midway: 0, writes: 0, lost: 0, rescued: 0 };
    this.#lines.set(fault, line);
    line.rounds++;
    if (round.midway) line.midway++;
    line.writes += round.writes;
    line.lost += round.lost;
    line.rescued += round.rescued;
  }

  get lines(): readonly Line[] {
    return [...this.#lines.values()].sort((a, b) => a.fault.localeCompare(b.fault));
  }

  toString(): string {
    const head = ['fault', 'rounds', 'midway', 'writes', 'lost', 'in rescue files'];
    const rows = this.lines.map(line => [
      line.fault,
      ...[line.rounds, line.midway, line.writes, line.lost, line.rescued].map(String),
    ]);
    return ['', ...[head, head.map(() => '---'), ...rows].map(cells => `| ${cells.join(' | ')} |`), ''].join(
      '\n',
    );
  }
}
