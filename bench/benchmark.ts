/** What a benchmark is: it measures contenders in one run on one machine, and says what ratios were promised. */
import type { ServerBuild } from '../test/support/servers.ts';

export interface Benchmark {
  readonly name: string;
  readonly summary: string;
  /** How often each contender is measured at least, and when nobody says how often. */
  readonly fewestRuns: number;
  /** What else can be chosen on the command line. */
  readonly options: readonly NumberOption[];
  /** Its parts, where it can be measured in parts. */
  readonly cases?: readonly string[];
  run(settings: BenchmarkSettings): Promise<BenchmarkResult>;
}

export interface NumberOption {
  /** As it is typed, without the dashes. */
  readonly name: string;
  readonly summary: string;
  readonly usual: number;
  readonly least: number;
}

/** What was asked for cannot be measured. */
export class UsageError extends Error {}

export interface BenchmarkSettings {
  /** How often each contender is measured. */
  readonly runs: number;
  readonly server: ServerBuild;
  /** What was chosen, or is usual. */
  readonly chosen: (option: NumberOption) => number;
  /** The benchmark's parts that were asked for: all of them, when nobody says which. */
  readonly cases: readonly string[];
  /** Ends the benchmark early; what it started is cleaned up all the same. */
  readonly signal: AbortSignal;
  /** What is going on, for whoever waits. */
  readonly say: (text: string) => void;
}

export interface BenchmarkResult {
  readonly measurements: readonly Measurement[];
  readonly targets: readonly Target[];
}

export type Unit = 'ms' | 'MB';

/** One contender at one piece of work. */
export interface Measurement {
  readonly work: string;
  readonly contender: string;
  readonly unit: Unit;
  readonly samples: readonly number[];
}

/** A promise of the project, and what became of it. Without a limit nothing is promised, and it is only told. */
export interface Target {
  readonly what: string;
  readonly measured: number;
  readonly unit: 'x' | 'ms' | 'MB' | 'runs';
  readonly atLeast?: number;
  readonly atMost?: number;
}

export function isMet({ measured, atLeast = -Infinity, atMost = Infinity }: Target): boolean {
  return measured >= atLeast && measured <= atMost;
}

export function median(samples: readonly number[]): number {
  const sorted = [...samples].sort((a, b) => a - b);
  const upper = sorted[sorted.length >> 1];
  const lower = sorted[(sorted.length - 1) >> 1];
  if (upper === undefined || lower === undefined) throw new RangeError('no samples, no median');
  return (lower + upper) / 2;
}
