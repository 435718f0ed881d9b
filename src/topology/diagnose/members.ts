/** Who belongs to the cluster, who answers, and what the nodes think of each other. */
import type { Finding, RoleOpinion } from '../finding.ts';
import type { ClusterNode, Health, NodeId } from '../node.ts';
import { type Evidence, groupBy, noSlots, type Rule } from './evidence.ts';

export const unreachableNodes: Rule = evidence =>
  evidence.snapshot.unreachable
    .filter(({ id }) => !isGhost(evidence, id))
    .map(({ id, address, reason }) => {
      const node = evidence.nodes.get(id);
      return {
        kind: 'node-unreachable',
        severity: 'error',
        nodes: [id],
        slots: node?.role === 'primary' ? node.slots : noSlots,
        ...(address && { address }),
        reason,
      };
    });

export const failedNodes: Rule = evidence => [
  ...judged(evidence, 'failed').map(
    ({ id, saidBy }): Finding => ({
      kind: 'node-failed',
      severity: 'error',
      nodes: [id],
      slots: noSlots,
      saidBy,
    }),
  ),
  ...judged(evidence, 'suspected').map(
    ({ id, saidBy }): Finding => ({
      kind: 'node-suspected',
      severity: 'warning',
      nodes: [id],
      slots: noSlots,
      saidBy,
    }),
  ),
];

function judged(evidence: Evidence, health: Health): { id: NodeId; saidBy: NodeId[] }[] {
  const judges = new Map<NodeId, NodeId[]>();
  for (const view of evidence.snapshot.views) {
    for (const node of view.nodes) {
      if (node.health !== health) continue;
      const known = judges.get(node.id);
      if (known) known.push(view.id);
      else judges.set(node.id, [view.id]);
    }
  }
  return [...judges].filter(([id]) => !isGhost(evidence, id)).map(([id, saidBy]) => ({ id, saidBy }));
}

export const statesNotOk: Rule = ({ snapshot }) => {
  const down = snapshot.views.filter(view => view.state === 'fail').map(view => view.id);
  return down.length === 0 ? [] : [{ kind: 'state-not-ok', severity: 'error', nodes: down, slots: noSlots }];
};

/**
 * A ghost is no longer a member, but somebody still knows it: a handshake that does not get through, a node that
 * has lost its address, or one without slots that does not answer and that only some of the others still list.
 */
function ghostKind({ nodes, views, knownTo, snapshot }: Evidence, id: NodeId) {
  const node = nodes.get(id);
  if (!node || views.has(id)) return undefined;
  if (node.role === 'stranger' && node.handshake) return 'handshake';
  if (node.role === 'primary' && node.slots.size > 0) return undefined;
  if (!snapshot.unreachable.some(u => u.id === id && u.address)) return 'noaddr';
  return (knownTo.get(id)?.length ?? 0) < snapshot.views.length ? 'forgotten' : undefined;
}

function isGhost(evidence: Evidence, id: NodeId): boolean {
  return ghostKind(evidence, id) !== undefined;
}

export const ghosts: Rule = evidence =>
  [...evidence.nodes.values()].flatMap(node => {
    const because = ghostKind(evidence, node.id);
    if (!because) return [];
    const address = node.address;
    return [
      {
        kind: 'ghost',
        // A handshake passes by itself, one way or the other; what stays behind has to be removed by somebody.
        severity: because === 'handshake' ? 'warning' : 'error',
        nodes: [node.id],
        slots: noSlots,
        because,
        ...(address && { address }),
        knownTo: evidence.knownTo.get(node.id) ?? [],
      },
    ];
  });

/** Nodes that answer, and that not everybody knows. */
export const membersDisagree: Rule = ({ snapshot, knownTo, views }) => {
  const everybody = snapshot.views.map(view => view.id);
  return everybody.flatMap(id => {
    const known = knownTo.get(id) ?? [];
    if (known.length === everybody.length || !views.has(id)) return [];
    const knowing = new Set(known);
    const unknownTo = everybody.filter(other => !knowing.has(other));
    return [
      {
        kind: 'members-disagree',
        severity: 'error',
        nodes: [id],
        slots: noSlots,
        knownTo: known.filter(other => other !== id),
        unknownTo,
      },
    ];
  });
};

export const rolesDisagree: Rule = ({ snapshot, nodes }) => {
  const opinions = new Map<NodeId, Map<string, RoleOpinion & { saidBy: NodeId[] }>>();
  for (const view of snapshot.views) {
    for (const node of view.nodes) {
      // Whoever has not heard of a role yet has no opinion, and what is said of a ghost is not worth comparing.
      if (node.role === 'stranger') continue;
      const own = nodes.get(node.id);
      if (!own || sameRole(own, node)) continue;
      const others = opinions.get(node.id) ?? new Map();
      opinions.set(node.id, others);
      const primary = node.role === 'replica' ? node.primary : undefined;
      const key = `${node.role} ${primary ?? ''}`;
      const known = others.get(key);
      if (known) known.saidBy.push(view.id);
      else others.set(key, { role: node.role, ...(primary && { primary }), saidBy: [view.id] });
    }
  }
  return [...opinions].map(([id, others]) => ({
    kind: 'roles-disagree',
    severity: 'error',
    nodes: [id],
    slots: noSlots,
    opinions: [...others.values()],
  }));
};

function sameRole(a: ClusterNode, b: ClusterNode): boolean {
  if (a.role === 'replica' && b.role === 'replica') return a.primary === b.primary;
  return a.role === b.role;
}

/** Links to nodes that are down anyway say nothing new, so only those between nodes that answer are listed. */
export const busLinksDown: Rule = ({ snapshot, views }) => {
  const missing = snapshot.views.flatMap(view =>
    view.nodes
      .filter(node => !node.linked && node.id !== view.id && views.has(node.id))
      .map(node => ({ from: view.id, to: node.id })),
  );
  if (missing.length === 0) return [];
  const nodes = [...new Set(missing.flatMap(({ from, to }) => [from, to]))];
  return [{ kind: 'bus-links-down', severity: 'warning', nodes, slots: noSlots, missing }];
};

export const versionsMixed: Rule = ({ snapshot }) => {
  const groups = groupBy(snapshot.views, ({ server }) => `${server.product} ${server.version}`);
  if (groups.size < 2) return [];
  const versions = [...groups].map(([version, views]) => ({ version, nodes: views.map(view => view.id) }));
  const nodes = snapshot.views.map(view => view.id);
  return [{ kind: 'versions-mixed', severity: 'warning', nodes, slots: noSlots, versions }];
};
