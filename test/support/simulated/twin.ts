/** A simulated cluster that begins as a real one does, node by node under the same names and addresses. */
import type { Member } from '../cluster.ts';
import { SimulatedCluster } from './cluster.ts';
import { type Dialect, SimulatedNode } from './node.ts';

export interface TwinOptions {
  readonly dialect: Dialect;
  readonly allowsReplicaMigration: boolean;
}

/** Of itself it does nothing between two commands. */
const SILENT_SEED = 1;

export function twinOf(members: readonly Member[], options: TwinOptions): SimulatedCluster {
  const nodes = members.map(({ host, port, busPort, id, epoch, primary }) => {
    const node = new SimulatedNode({ host, port, busPort }, options.dialect, id);
    node.knowsItsIp = true;
    node.allowsReplicaMigration = options.allowsReplicaMigration;
    node.configEpoch = epoch;
    node.currentEpoch = members.length;
    node.primary = primary;
    return node;
  });
  const cluster = new SimulatedCluster(nodes, SILENT_SEED);
  for (const node of nodes) {
    for (const { id, primary, slots, epoch } of members) {
      const place = cluster.byId(id)?.place;
      if (id !== node.id && place) {
        const peer = node.addPeer(id, place);
        peer.primary = primary;
        peer.configEpoch = epoch;
        peer.linked = true;
      }
      for (const slot of slots) node.slots.assign(slot, id);
    }
  }
  cluster.followPrimaries();
  return cluster;
}
