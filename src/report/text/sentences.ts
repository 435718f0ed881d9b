/** What is said of each kind there is; a kind that has no words is a compile error. */
import type { Kinded, Of } from '../kinded.ts';

/** `Rest`: what else it takes to say it, such as the names of the nodes. */
export type Sentences<Union extends Kinded, Rest extends readonly unknown[] = []> = {
  readonly [Kind in Union['kind']]: (one: Of<Union, Kind>, ...rest: Rest) => string;
};

export function sentences<Union extends Kinded, Rest extends readonly unknown[] = []>(
  words: Sentences<Union, Rest>,
): (one: Union, ...rest: Rest) => string;
export function sentences(words: Readonly<Record<string, (one: Kinded, ...rest: unknown[]) => string>>) {
  return (one: Kinded, ...rest: unknown[]): string => words[one.kind]?.(one, ...rest) ?? '';
}

/** Those that hold. */
export function allOf(...lines: readonly (string | false)[]): string[] {
  return lines.filter(line => line !== false);
}
