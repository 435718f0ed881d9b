/** The same values for programs: one document, with a version that changes when a field changes its meaning. */
import { type Finding, MEANINGS } from '../../topology/finding.ts';
import { type ClusterNode, formatAddress } from '../../topology/node.ts';
import { believedNodes, type ClusterSnapshot, coveredSlots, type NodeView } from '../../topology/snapshot.ts';
import type { Examination } from '../text/check.ts';
import { describeFinding } from '../text/finding.ts';
import { NodeNames } from '../text/names.ts';
import { inShardOrder } from '../text/nodes.ts';

const FORMAT_VERSION = 1;

/** `failed` is what the exit code says; it depends on `--fail-on`, as `healthy` does not. */
export function checkDocument(examination: Examination, failed: boolean): string {
  const { snapshot, findings } = examination;
  const names = new NodeNames(snapshot);
  return render({
    format: 'slotctl-check',
    version: FORMAT_VERSION,
    healthy: !findings.some(f => f.severity === 'error'),
    failed,
    entry: snapshot.entry,
    slotsCovered: coveredSlots(snapshot).size,
    searchedOwners: examination.searchedOwners,
    findings: findings.map(f => findingEntry(f, names)),
    nodes: nodeEntries(snapshot),
  });
}

export function infoDocument(snapshot: ClusterSnapshot): string {
  return render({
    format: 'slotctl-info',
    version: FORMAT_VERSION,
    entry: snapshot.entry,
    slotsCovered: coveredSlots(snapshot).size,
    nodes: nodeEntries(snapshot),
  });
}

/** For a cluster of which nothing is known, because the entry node gave no view. */
export function failureDocument(command: string, node: string, reason: string): string {
  return render({ format: `slotctl-${command}`, version: FORMAT_VERSION, error: { node, reason } });
}

function render(document: object): string {
  return `${JSON.stringify(document, null, 2)}\n`;
}

function findingEntry(finding: Finding, names: NodeNames): object {
  const { kind, severity, nodes, slots, ...details } = finding;
  return {
    kind,
    severity,
    summary: describeFinding(finding, names),
    meaning: MEANINGS[kind],
    nodes,
    slots,
    ...details,
  };
}

function nodeEntries(snapshot: ClusterSnapshot): object[] {
  const views = new Map(snapshot.views.map(view => [view.id, view]));
  const reasons = new Map(snapshot.unreachable.map(({ id, reason }) => [id, reason]));
  const names = new NodeNames(snapshot);
  return inShardOrder(believedNodes(snapshot)).map(node => {
    const view = views.get(node.id);
    return {
      id: node.id,
      address: view ? formatAddress(view.address) : names.of(node.id),
      ...(node.address?.hostname && { hostname: node.address.hostname }),
      ...(node.address?.busPort && { busPort: node.address.busPort }),
      reachable: view !== undefined,
      ...(!view && { reason: reasons.get(node.id) ?? 'it was not asked' }),
      ...roleEntry(node),
      flags: node.flags,
      configEpoch: node.configEpoch,
      ...(view && serverEntry(view)),
    };
  });
}

function roleEntry(node: ClusterNode): object {
  switch (node.role) {
    case 'primary':
      return { role: node.role, slots: node.slots, slotCount: node.slots.size };
    case 'replica':
      return { role: node.role, primary: node.primary ?? null };
    case 'stranger':
      return { role: node.role, handshake: node.handshake };
  }
}

function serverEntry({ server: { vitals: _, ...server }, state, open }: NodeView): object {
  return {
    ...(state && { state }),
    ...server,
    ...(open.migrating.size > 0 && { migrating: Object.fromEntries(open.migrating) }),
    ...(open.importing.size > 0 && { importing: Object.fromEntries(open.importing) }),
  };
}
