/** What is promised of `check`, told from the measurements. */
import { type Measurement, median, type Target, type Unit } from './benchmark.ts';

/** A number of nodes. */
export type Size = number;

export const START_UP = 'start-up';
export const REAL_NODES: Size = 6;
export const STAND_IN_SIZES: readonly Size[] = [10, 100, 1000];
const LARGEST: Size = 1000;

export function sizeName(size: Size): string {
  return `check, ${size} nodes`;
}

export function checkTargets(measurements: readonly Measurement[]): Target[] {
  const medianOf = (work: string, contender: string, unit: Unit = 'ms') => {
    const found = measurements.find(m => m.work === work && m.contender === contender && m.unit === unit);
    if (!found) throw new Error(`${contender} was not measured at '${work}'`);
    return median(found.samples);
  };
  const startUpMs = medianOf(START_UP, 'slotctl');
  const perNodeMs = (size: Size) => (medianOf(sizeName(size), 'slotctl') - startUpMs) / size;
  const growth = STAND_IN_SIZES.slice(1).map((size, i): Target => {
    const smaller = STAND_IN_SIZES[i] ?? size;
    const what = `time per node above start-up, ${size} nodes against ${smaller}`;
    return { what, measured: perNodeMs(size) / perNodeMs(smaller), unit: 'x', atMost: 1 };
  });
  const speed = (size: Size) => medianOf(sizeName(size), 'cli') / medianOf(sizeName(size), 'slotctl');
  return [
    { what: `speed against the cli, ${LARGEST} nodes`, measured: speed(LARGEST), unit: 'x', atLeast: 3 },
    {
      what: `peak memory, ${LARGEST} nodes`,
      measured: medianOf(sizeName(LARGEST), 'slotctl', 'MB'),
      unit: 'MB',
      atMost: 300,
    },
    {
      what: `time against node -e 0, ${REAL_NODES} nodes`,
      measured: medianOf(sizeName(REAL_NODES), 'slotctl') / medianOf(START_UP, 'node -e 0'),
      unit: 'x',
      atMost: 1.8,
    },
    ...growth,
  ];
}
