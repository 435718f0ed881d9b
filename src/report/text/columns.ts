/**
 * Plain columns, for output that may be piped: as wide as what stands in them, without lines around. Apart from cli-table3, which draws
 * `info` on a terminal: loading that takes 20 ms of CPU, which commands that print a few columns are spared.
 */
import type { Paint } from '../paint.ts';

export function columns(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
  paint: Paint,
): string[] {
  const widths = headings.map((heading, i) =>
    Math.max(heading.length, ...rows.map(row => row[i]?.length ?? 0)),
  );
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd();
  return [paint.heading(line(headings)), ...rows.map(line)];
}

export function textOf(lines: readonly string[]): string {
  return `${lines.join('\n')}\n`;
}
