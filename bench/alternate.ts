/** Measures contenders in turns, so that whatever else the machine does meets all of them alike. */
import type { Measurement, Unit } from './benchmark.ts';

export interface Contender {
  readonly work: string;
  readonly contender: string;
  readonly unit: Unit;
  readonly measureOnce: () => Promise<number>;
}

export interface AlternateSettings {
  readonly runs: number;
  readonly say: (text: string) => void;
}

export async function alternate(
  contenders: readonly Contender[],
  { runs, say }: AlternateSettings,
): Promise<Measurement[]> {
  say('warming up');
  for (const { measureOnce } of contenders) await measureOnce();
  const samples = new Map<Contender, number[]>(contenders.map(contender => [contender, []]));
  await inTurns(contenders, { runs, say }, async contender => {
    samples.get(contender)?.push(await contender.measureOnce());
  });
  return [...samples].map(([{ work, contender, unit }, taken]) => ({
    work,
    contender,
    unit,
    samples: taken,
  }));
}

export async function inTurns<T>(
  contenders: readonly T[],
  { runs, say }: AlternateSettings,
  measure: (contender: T) => Promise<void>,
): Promise<void> {
  for (let run = 0; run < runs; run++) {
    say(`run ${run + 1} of ${runs}`);
    // Forwards and backwards by turns: nobody always comes after the one that leaves the machine the hottest.
    const order = run % 2 === 0 ? contenders : [...contenders].reverse();
    for (const contender of order) await measure(contender);
  }
}
