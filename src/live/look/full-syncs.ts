/** Copies of all data that replicas take just now, as far as a look at the whole cluster and one question more tell. */
import { busyness } from '../../resp/commands/cluster.ts';
import type { Fleet } from '../../resp/fleet.ts';
import { type Copy, copyEnd, copyStateOf } from '../../topology/full-sync.ts';
import { believedNodes, type ClusterSnapshot } from '../../topology/snapshot.ts';
import { ifAnswered } from './look-at-node.ts';

export async function copiesUnderWay(fleet: Fleet, snapshot: ClusterSnapshot): Promise<Copy[]> {
  const views = new Map(snapshot.views.map(view => [view.id, view]));
  const told = snapshot.views.flatMap((view): Copy[] => {
    const { id: replica, self } = view;
    if (self.role !== 'replica' || !self.primary) return [];
    const source = views.get(self.primary);
    const state = copyStateOf(copyEnd(view), source && copyEnd(source));
    const isSaving = source?.server.vitals?.isForked === true;
    return state ? [{ replica, primary: self.primary, ...state, ...(isSaving && { isSaving }) }] : [];
  });
  return [...told, ...(await copiesThatLoad(fleet, snapshot))];
}

/** Who loads gives no view. */
async function copiesThatLoad(fleet: Fleet, snapshot: ClusterSnapshot): Promise<Copy[]> {
  const nodes = believedNodes(snapshot);
  const copies = await Promise.all(
    snapshot.unreachable.map(async ({ id: replica, address, loading }): Promise<Copy[]> => {
      const node = nodes.get(replica);
      if (!loading || !address || node?.role !== 'replica' || !node.primary) return [];
      const told = await ifAnswered(fleet.send(address, busyness()));
      if (!told) return [];
      const done = told.loading?.loadedBytes !== undefined && { doneBytes: told.loading.loadedBytes };
      return [{ replica, primary: node.primary, stage: 'loading', ...done }];
    }),
  );
  return copies.flat();
}
