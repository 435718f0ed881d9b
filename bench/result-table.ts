/** The result of a benchmark as text: what was measured, and which targets were met. */
import { type BenchmarkResult, isMet, type Measurement, median, type Target } from './benchmark.ts';

export function renderResult({ measurements, targets }: BenchmarkResult): string {
  const measured = table(
    ['work', 'contender', 'median', 'least', 'most', 'runs'],
    measurements.map(measurementRow),
  );
  const promised = table(['target', 'measured', 'wanted', 'verdict'], targets.map(targetRow));
  return `\n${measured}\n${promised}`;
}

function measurementRow({ work, contender, unit, samples }: Measurement): string[] {
  const show = (value: number) => `${value.toFixed(value < 10 ? 2 : 1)} ${unit}`;
  const [least, most] = [Math.min(...samples), Math.max(...samples)];
  return [work, contender, show(median(samples)), show(least), show(most), `${samples.length}`];
}

function targetRow(target: Target): string[] {
  const { what, measured, unit } = target;
  const shown = unit === 'runs' ? `${measured}` : measured.toFixed(2);
  const wanted = wantedOf(target);
  return [what, `${shown} ${unit}`, wanted ?? '-', wanted ? (isMet(target) ? 'met' : 'MISSED') : '-'];
}

function wantedOf({ unit, atLeast, atMost }: Target): string | undefined {
  if (atLeast !== undefined) return `>= ${atLeast} ${unit}`;
  return atMost === undefined ? undefined : `<= ${atMost} ${unit}`;
}

/** Columns as wide as their widest cell; what begins with a digit stands on the right. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map(row => row[i]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, i) => (/^\d/.test(cell) ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0)))
      .join('  ')
      .trimEnd();
  const rule = widths.map(width => '-'.repeat(width));
  return `${[head, rule, ...rows].map(line).join('\n')}\n`;
}
