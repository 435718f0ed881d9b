/** What is promised of `check`, told from the measurements. */
import { type Measurement, median, type Target, type Unit } from './benchmark.ts';
import {
  type CheckSetting,
  FEW,
  HUNDRED,
  REAL,
  START_UP,
  THOUSAND,
  THOUSAND_PACED,
} from './check-settings.ts';

const MIN_SPEED_UP = 3;
const MAX_MEMORY_MB = 300;
const MAX_TIMES_EMPTY_PROGRAM = 1.8;

export function checkTargets(measurements: readonly Measurement[]): Target[] {
  const medianOf = (work: string, contender: string, unit: Unit = 'ms') => {
    const found = measurements.find(m => m.work === work && m.contender === contender && m.unit === unit);
    if (!found) throw new Error(`${contender} was not measured at '${work}'`);
    return median(found.samples);
  };
  const speed = ({ work }: CheckSetting): Target => ({
    what: `${work}: speed against the cli`,
    measured: medianOf(work, 'cli') / medianOf(work, 'slotctl'),
    unit: 'x',
    atLeast: MIN_SPEED_UP,
  });
  const startUpMs = medianOf(START_UP, 'slotctl');
  const perNodeMs = ({ work, nodes }: CheckSetting) => (medianOf(work, 'slotctl') - startUpMs) / nodes;
  const growth = (smaller: CheckSetting, larger: CheckSetting): Target => ({
    what: `time per node above start-up, ${larger.nodes} nodes against ${smaller.nodes}`,
    measured: perNodeMs(larger) / perNodeMs(smaller),
    unit: 'x',
    atMost: 1,
  });
  return [
    speed(THOUSAND),
    speed(THOUSAND_PACED),
    {
      what: `${THOUSAND.work}: peak memory`,
      measured: medianOf(THOUSAND.work, 'slotctl', 'MB'),
      unit: 'MB',
      atMost: MAX_MEMORY_MB,
    },
    {
      what: `${REAL.work}: time against node -e 0`,
      measured: medianOf(REAL.work, 'slotctl') / medianOf(START_UP, 'node -e 0'),
      unit: 'x',
      atMost: MAX_TIMES_EMPTY_PROGRAM,
    },
    growth(FEW, HUNDRED),
    growth(HUNDRED, THOUSAND),
  ];
}
