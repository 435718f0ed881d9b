/** The cluster as `nodes.json`, character for character as the servers' own tools write it: programs read it. */
import type { NodeId } from '../../topology/node.ts';
import type { ClusterSnapshot, NodeView } from '../../topology/snapshot.ts';

/** `problems`: how many things are wrong with the cluster. */
export function nodesJson(snapshot: ClusterSnapshot, problems: number): string {
  const [entry, ...others] = snapshot.views;
  const views = new Map(others.map(view => [view.id, view]));
  // The entry node, and then the others as it lists them; whom it does not know comes last.
  const listed = (entry?.nodes ?? []).flatMap(({ id }) => views.get(id) ?? []);
  const strangers = others.filter(view => !listed.includes(view));
  const nodes = [...(entry ? [entry] : []), ...listed, ...strangers];
  return `[\n${nodes.map(node => nodeObject(node, problems)).join(',\n')}\n]`;
}

function nodeObject({ id, address, self, open }: NodeView, problems: number): string {
  const replicate = self.role === 'replica' && self.primary ? `"${self.primary}"` : 'null';
  const slots = self.role === 'primary' ? self.slots.ranges : [];
  const shown = slots.map(({ first, last }) => (first === last ? `[${first}]` : `[${first},${last}]`));
  const fields = [
    `"name": "${id}"`,
    `"host": ${JSON.stringify(address.host)}`,
    `"port": ${address.port}`,
    `"replicate": ${replicate}`,
    `"slots": [${shown.join(',')}]`,
    `"slots_count": ${self.role === 'primary' ? self.slots.size : 0}`,
    `"flags": "${self.flags.join(',')}"`,
    `"current_epoch": ${self.configEpoch}`,
    ...(problems > 0 ? [`"cluster_errors": ${problems}`] : []),
    ...openSlots('migrating', open.migrating),
    ...openSlots('importing', open.importing),
  ];
  return `  {\n${fields.map(field => `    ${field}`).join(',\n')}\n  }`;
}

function openSlots(name: string, slots: ReadonlyMap<number, NodeId>): string[] {
  if (slots.size === 0) return [];
  return [`"${name}": {${[...slots].map(([slot, node]) => `"${slot}": "${node}"`).join(',')}}`];
}
