/** What `create` would make of the nodes: the classic lines, which scripts look for, then who stands where. */
import type { CreatePlan, PlannedShard } from '../../plan/membership/create.ts';
import { scoreOf } from '../../plan/placement/score.ts';
import type { Refusal } from '../../plan/refusal.ts';
import type { Plan } from '../../plan/step.ts';
import type { NodeId } from '../../topology/node.ts';
import type { Paint } from '../paint.ts';
import { remarkLines } from './membership.ts';
import { count, NodeNames, vocabularyOf } from './names.ts';
import { bracketed } from './nodes.ts';
import { placementTable, verdictLines } from './placement.ts';

export function renderCreatePlan(plan: CreatePlan, paint: Paint): string {
  const { shards, before, places } = plan;
  const names = new NodeNames(before);
  const words = vocabularyOf(before);
  const placeOf = (id: NodeId) => places.get(id) ?? { host: names.of(id) };
  const title = words.primaries === 'masters' ? 'Master' : 'Primary';
  return `${[
    paint.heading(`>>> Performing hash slots allocation on ${before.views.length} nodes...`),
    ...shards.flatMap(({ slots }, i) =>
      slots.ranges.map(r => `${title}[${i}] -> Slots ${r.first} - ${r.last}`),
    ),
    ...shards.flatMap(({ primary, replicas }) =>
      replicas.map(replica => `Adding replica ${names.of(replica)} to ${names.of(primary)}`),
    ),
    ...(shards.some(shard => shard.replicas.length > 0)
      ? verdictLines(scoreOf(shards, placeOf), words, paint)
      : []),
    ...shards.flatMap(shard => shardLines(shard, names)),
    '',
    ...placementTable(shards, placeOf, names, paint),
  ].join('\n')}\n`;
}

/** As valkey-cli has it. */
export function fewPrimariesRequested({
  primaries,
  replicas = 0,
}: Extract<Refusal, { kind: 'too-few-primaries' }>): string {
  return `Requested to create a cluster with ${primaries} primaries and ${replicas} replicas per primary.\n`;
}

export function renderUndoCreate(plan: Plan, paint: Paint): string {
  const names = new NodeNames(plan.before);
  const resets = plan.stages.flat().flatMap(step => (step.kind === 'reset' ? [step.node] : []));
  return `${[
    paint.heading(`>>> Resetting ${count(resets.length, 'node')}`),
    ...resets.map(id => `${id} ${names.of(id)}`),
    ...remarkLines(plan, paint),
  ].join('\n')}\n`;
}

function shardLines({ primary, replicas, slots }: PlannedShard, names: NodeNames): string[] {
  return [
    `M: ${primary} ${names.of(primary)}`,
    `   slots:${bracketed(slots)} (${slots.size} slots) master`,
    ...replicas.flatMap(replica => [`S: ${replica} ${names.of(replica)}`, `   replicates ${primary}`]),
  ];
}
