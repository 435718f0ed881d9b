/** `create --reset-failed`: nodes that a create has begun to join are made strangers again. */
import { type Applicant, isCandidate, isSilent } from '../topology/candidate.ts';
import { formatAddress, nodeId } from '../topology/node.ts';
import type { NodeView } from '../topology/snapshot.ts';
import { judgeTogether } from './fitness.ts';
import type { Decision, Refusal } from './refusal.ts';
import { inStages, type Plan, type Remark } from './step.ts';

/** Who is not in the list, and would be left with a cluster full of holes, is a reason against it. */
export function planUndoCreate(nodes: readonly Applicant[]): Decision<Plan> {
  const candidates = nodes.filter(isCandidate);
  const ids = new Set(candidates.map(({ view }) => view.id));
  const silent = new Set(nodes.filter(isSilent).map(({ asked }) => formatAddress(asked)));
  const refusals = judgeTogether(nodes).filter(({ kind }) => kind === 'same-node' || kind === 'silent');
  for (const { asked, view } of candidates) {
    const others = view.nodes.filter(
      ({ id, address, role }) =>
        !ids.has(id) && role !== 'stranger' && !(address && silent.has(formatAddress(address))),
    ).length;
    if (others > 0) refusals.push({ kind: 'knows-others', node: asked, others } satisfies Refusal);
  }
  if (refusals.length > 0) return { kind: 'refused', refusals };
  const full = candidates.filter(({ view }) => (view.server.keys ?? 0) > 0);
  const begun = candidates.filter(candidate => !full.includes(candidate) && !isPristine(candidate.view));
  const resets = begun.map(({ view: { id } }) => ({ kind: 'reset', node: id, mode: 'hard' }) as const);
  const witnesses = begun.map(({ view }) => view.id);
  return {
    kind: 'plan',
    plan: {
      before: {
        entry: candidates[0]?.view.id ?? nodeId('0'.repeat(40)),
        views: candidates.map(({ view }) => view),
        unreachable: [],
      },
      stages: inStages(
        resets,
        // A message that was under way when a node was reset may bring back somebody's old name.
        witnesses.length > 0 ? [{ kind: 'stay-forgotten', witnesses, victims: [...ids] }] : [],
      ),
      remarks: full.map(
        ({ view }): Remark => ({ kind: 'kept-for-keys', node: view.id, keys: view.server.keys ?? 0 }),
      ),
    },
  };
}

function isPristine({ nodes, self }: NodeView): boolean {
  return nodes.length === 1 && self.configEpoch === 0 && self.role === 'primary' && self.slots.size === 0;
}
