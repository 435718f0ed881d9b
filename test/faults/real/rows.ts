/** Everything that is broken on purpose, on real servers. */
import type { ServerBuild } from '../../support/servers.ts';
import { type Mover, moversOn, type Pick } from '../long-form.ts';
import type { BedKind } from './bed.ts';
import { CUT, REPLIES_LATE, REPLIES_LOST } from './faults-of-network.ts';
import * as servers from './faults-of-servers.ts';
import { CTRL_C, CTRL_C_TWICE, KILLED } from './faults-of-slotctl.ts';
import type { Fault } from './scene.ts';
import { FIX, REBALANCE, RESHARD, type Work } from './works.ts';

export interface Row {
  readonly bed: BedKind;
  readonly work: Work;
  readonly fault: Fault;
}

const { failover, killed, PARTS, stopped, tooFewReplicas } = servers;
const BEDS = ['bare', 'synced', 'copied'] as const;
const ENDS = ['source', 'target'] as const;

function during(work: Work, bed: BedKind, ...faults: readonly Fault[]): Row[] {
  return faults.map(fault => ({ bed, work, fault }));
}

export const ROWS: readonly Row[] = [
  ...[RESHARD, REBALANCE, FIX].flatMap(work => during(work, 'bare', KILLED)),
  ...during(RESHARD, 'bare', CTRL_C, CTRL_C_TWICE),
  ...during(RESHARD, 'bare', CUT, REPLIES_LOST, REPLIES_LATE),
  ...during(FIX, 'bare', CUT, REPLIES_LOST),
  ...during(RESHARD, 'bare', servers.OUT_OF_MEMORY),
  ...during(RESHARD, 'bare', ...PARTS.map(stopped)),
  ...BEDS.flatMap(bed => during(RESHARD, bed, ...PARTS.map(killed))),
  ...during(RESHARD, 'copied', ...PARTS.map(stopped)),
  ...during(RESHARD, 'copied', ...ENDS.flatMap(end => [failover(end, 'agreed'), failover(end, 'TAKEOVER')])),
  ...during(RESHARD, 'copied', ...ENDS.map(tooFewReplicas)),
  ...during(RESHARD, 'copied', servers.FULL_BUFFERS),
];

export function nameOf({ bed, work, fault }: Row): string {
  return `${fault.name} | ${work.name} | ${bed}`;
}

/** What is played whenever tests are run: each sort of fault once, each server and mover several times. */
export const SHORT: readonly Pick[] = [
  { server: 'redis-7.0', mover: 'migrate', row: 'slotctl killed | reshard | bare' },
  { server: 'redis-7.0', mover: 'migrate', row: 'replies lost, then connections cut | fix | bare' },
  { server: 'redis-7.0', mover: 'migrate', row: 'target out of memory | reshard | bare' },
  { server: 'redis-7.0', mover: 'migrate', row: 'CLUSTER FAILOVER of the source | reshard | copied' },
  { server: 'redis-8.6', mover: 'atomic', row: 'slotctl killed | rebalance | bare' },
  { server: 'redis-8.6', mover: 'migrate', row: 'slotctl killed | fix | bare' },
  {
    server: 'redis-8.6',
    mover: 'migrate',
    row: 'target stopped for longer than the node timeout | reshard | bare',
  },
  { server: 'redis-8.6', mover: 'atomic', row: 'target killed and started again | reshard | synced' },
  { server: 'redis-8.6', mover: 'migrate', row: 'source killed and started again | reshard | synced' },
  { server: 'valkey-9.1', mover: 'migrate', row: 'connections cut | reshard | bare' },
  {
    server: 'valkey-9.1',
    mover: 'atomic',
    row: 'full output buffers at source and target | reshard | copied',
  },
  {
    server: 'valkey-9.1',
    mover: 'atomic',
    row: 'source stopped for longer than the node timeout | reshard | copied',
  },
];

/** `fix` has only one way to move keys. */
export function moversFor({ work }: Row, build: ServerBuild): readonly Mover[] {
  return work === FIX ? ['migrate'] : moversOn(build);
}
