/** Which work is played with which hazard. */
import type { ServerBuild } from '../../support/servers.ts';
import { type Mover, moversOn, type Pick } from '../long-form.ts';
import { HAZARDS, type Hazard } from './hazards.ts';
import { WORKS, type Work } from './works.ts';

export interface Row {
  readonly work: Work;
  readonly hazard: Hazard;
}

/** The hazard that is none comes first: from it is known how long the work takes. */
export const ROWS: readonly Row[] = WORKS.flatMap(work =>
  HAZARDS.filter(hazard => hazard.suits(work)).map(hazard => ({ work, hazard })),
);

export function nameOf({ work, hazard }: Row): string {
  return `${hazard.name} | ${work.name}`;
}

/** What is played whenever tests are run. */
export const SHORT: readonly Pick[] = [
  { server: 'redis-7.0', mover: 'migrate', row: 'a target begins to evict | reshard' },
  { server: 'redis-7.0', mover: 'migrate', row: 'the target is killed and comes back empty | import' },
  { server: 'redis-7.0', mover: 'migrate', row: 'slots go to another node and back | backup' },
  { server: 'redis-8.6', mover: 'atomic', row: 'a target begins to evict | rebalance' },
  {
    server: 'redis-8.6',
    mover: 'migrate',
    row: 'the third is killed and comes back empty | restore --replace',
  },
  { server: 'redis-8.6', mover: 'migrate', row: "the target's disk is full | apply" },
  { server: 'valkey-9.1', mover: 'atomic', row: 'the target is killed and comes back empty | reshard' },
  {
    server: 'valkey-9.1',
    mover: 'migrate',
    row: 'the source is killed and comes back empty | backup --replace',
  },
  { server: 'valkey-9.1', mover: 'migrate', row: 'copies to replicas are slow | reshard' },
];

const CHOOSES_MOVER = new Set(['reshard', 'apply', 'rebalance']);

export function moversFor({ work }: Row, build: ServerBuild): readonly Mover[] {
  return CHOOSES_MOVER.has(work.name) ? moversOn(build) : ['migrate'];
}
