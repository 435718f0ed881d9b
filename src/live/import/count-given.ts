/**
 * Which slots have fewer keys than they were given. In a cluster that was empty, and in which no node was started again, evicted
 * anything, or took another's place, nothing but a client can have removed a key and brought another: what was given to a
 * slot that has as many need not be looked for by its name. One packet for each node.
 */
import { doubtsBetween } from '../../topology/server-changes.ts';
import { SLOT_COUNT, SlotSet } from '../../topology/slot-set.ts';
import { type ClusterSnapshot, isPrimary, type NodeView, ownersDiffer } from '../../topology/snapshot.ts';
import { countKeys } from '../keys/count-keys.ts';
import { ifAnswered } from '../look/look-at-node.ts';
import type { ImportRun } from './import-run.ts';

type Given = Pick<ImportRun, 'carried' | 'target'> & {
  readonly plan: Pick<ImportRun['plan'], 'before' | 'databases'>;
  readonly routes: Pick<ImportRun['routes'], 'snapshot'>;
};

/** As the cluster was at the last look; all, where numbers do not say. */
export async function slotsInDoubt({ plan, routes, carried, target }: Given): Promise<SlotSet> {
  const now = routes.snapshot;
  const isKnown = carried.oneOf === 1 && plan.databases.every(({ into }) => into === 0);
  // Fewer keys than slots are found sooner by their names.
  if (!isKnown || carried.size < SLOT_COUNT || !isUndisturbed(plan.before, now)) return SlotSet.all;
  const primaries = now.views.filter(({ self }) => isPrimary(self));
  const full = await Promise.all(primaries.map(view => fullAt(view, carried.given, target)));
  const isFull = new Set(full.flat());
  return SlotSet.of(...[...SlotSet.all].filter(slot => !isFull.has(slot)));
}

async function fullAt(view: NodeView, given: Float64Array, target: ImportRun['target']): Promise<number[]> {
  const slots = view.self.role === 'primary' ? view.self.slots : SlotSet.empty;
  const counts = await ifAnswered(countKeys(target, view, slots));
  // Then all are asked for by name, and whether that can be done is said.
  if (!counts) return [];
  return [...slots].filter(slot => (counts.get(slot) ?? 0) >= (given[slot] ?? 0));
}

/** A node that does not tell when it was started may have been started again; one that was replaced and is back has another epoch. */
function isUndisturbed(before: ClusterSnapshot, now: ClusterSnapshot): boolean {
  const then = before.views.filter(({ self }) => isPrimary(self));
  const epochs = new Map(now.views.map(({ id, self }) => [id, self.configEpoch]));
  return (
    then.every(({ server }) => server.keys === 0 && server.vitals !== undefined) &&
    then.every(({ id, self }) => epochs.get(id) === self.configEpoch) &&
    doubtsBetween(before, now).length === 0 &&
    !ownersDiffer(before, now)
  );
}
