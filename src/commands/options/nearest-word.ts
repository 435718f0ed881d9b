/** Whoever mistypes is shown what is nearest. */

/** Of four letters one may be wrong, of eight two, and so on. */
const LETTERS_PER_MISTAKE = 4;
const LONGEST = 60;

/** Whether letters are large or small makes no difference. */
export function nearestWord(typed: string, candidates: readonly string[]): string | undefined {
  const word = typed.toLowerCase();
  if (word.length > LONGEST) return undefined;
  const likely = candidates
    .map(name => ({ name, distance: editDistance(word, name) }))
    .filter(({ name, distance }) => distance <= Math.max(1, Math.ceil(name.length / LETTERS_PER_MISTAKE)))
    .sort((a, b) => a.distance - b.distance);
  return likely[0]?.name;
}

/** Letters that are added, left out or exchanged, and neighbours that have changed places. */
function editDistance(a: string, b: string): number {
  let [beforeLast, last]: [number[], number[]] = [[], Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      const swapped = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      row.push(
        Math.min(
          (last[j] ?? 0) + 1,
          (row[j - 1] ?? 0) + 1,
          (last[j - 1] ?? 0) + (same ? 0 : 1),
          swapped ? (beforeLast[j - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY,
        ),
      );
    }
    [beforeLast, last] = [last, row];
  }
  return last[b.length] ?? 0;
}
