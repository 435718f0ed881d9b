/** Who belongs to the cluster, who answers, and what the nodes think of each other. */

import type { RoleOpinion } from '../finding.ts';
import { copyEnd, listingOf } from '../full-sync.ts';
import { groupBy } from '../group-by.ts';
import { type ClusterNode, formatAddress, type Health, type NodeId, slotsOf } from '../node.ts';
import { hearersOf, wrongAddresses } from '../proof-of-life.ts';
import type { Camp, ClusterSnapshot, NodeView } from '../snapshot.ts';
import { type Evidence, error, idsOf, type Rule, warning } from './evidence.ts';

export const unreachableNodes: Rule = evidence =>
  evidence.snapshot.unreachable
    .filter(({ id }) => !isGhost(evidence, id))
    .map(({ id, address, reason, loading }) => {
      const node = evidence.nodes.get(id);
      const tell = loading && isFed(evidence, node) ? warning : error;
      const details = { ...(address && { address }), reason, ...(loading && { loading }) };
      return tell([id], { kind: 'node-unreachable', ...details }, slotsOf(node));
    });

/** A replica that its primary has sent all data, or is sending them: it does what it is there for. */
function isFed({ views }: Evidence, node: ClusterNode | undefined): boolean {
  const primary = node?.role === 'replica' && node.primary ? views.get(node.primary) : undefined;
  return (
    node !== undefined &&
    primary !== undefined &&
    listingOf({ id: node.id, self: node }, copyEnd(primary)) !== undefined
  );
}

export const failedNodes: Rule = evidence => [
  ...judgedToBe('failed', evidence).map(({ id, saidBy }) => error([id], { kind: 'node-failed', saidBy })),
  ...judgedToBe('suspected', evidence).map(({ id, saidBy }) =>
    warning([id], { kind: 'node-suspected', saidBy }),
  ),
];

function judgedToBe(health: Health, evidence: Evidence) {
  const opinions = evidence.camps.flatMap(camp =>
    camp.nodes.filter(node => node.health === health).map(({ id }) => ({ id, camp })),
  );
  return [...groupBy(opinions, ({ id }) => id)]
    .filter(([id]) => !isGhost(evidence, id))
    .map(([id, group]) => ({ id, saidBy: idsOf(group.map(({ camp }) => camp)) }));
}

/** A node that lives, and that is looked for where another one is. */
export const addressesWrong: Rule = ({ snapshot }) =>
  wrongAddresses(snapshot).map(wrong =>
    error([wrong.node, wrong.answeredBy], { kind: 'wrong-address', ...wrong }),
  );

export const statesNotOk: Rule = ({ snapshot }) => {
  const down = idsInState(snapshot, 'fail');
  const isLoading = snapshot.views.some(({ state, server }) => state === 'fail' && server.isLoading);
  return down.length === 0
    ? []
    : [error(down, { kind: 'state-not-ok', ...(isLoading && { loading: true }) })];
};

function idsInState({ views }: ClusterSnapshot, state: NodeView['state']): NodeId[] {
  return views
    .filter(view => view.state === state)
    .map(view => view.id)
    .sort();
}

/** Not a word on the state is no good word: "nothing is wrong" would be more than is known. */
export const statesUnknown: Rule = ({ snapshot }) => {
  const silent = idsInState(snapshot, undefined);
  return silent.length === 0 ? [] : [warning(silent, { kind: 'state-unknown' })];
};

/** Where the others say a node is. What it says of itself does not count: it learns that from them. */
export const addressesDisagree: Rule = ({ camps }) => {
  if (camps.length < 2) return [];
  const said = camps.flatMap(camp =>
    camp.nodes.flatMap(({ id, address }) => (address ? [{ id, address, camp }] : [])),
  );
  return [...groupBy(said, ({ id }) => id)].flatMap(([id, statements]) => {
    const places = [...groupBy(statements, ({ address }) => formatAddress(address))].sort(byKey);
    const opinions = places.flatMap(([, group]) => {
      const saidBy = idsOf(group.map(({ camp }) => camp)).filter(speaker => speaker !== id);
      return group[0] && saidBy.length > 0 ? [{ address: group[0].address, saidBy }] : [];
    });
    if (opinions.length < 2) return [];
    return [warning([id], { kind: 'addresses-disagree', opinions })];
  });
};

/**
 * A ghost is no longer a member, but somebody still knows it: a handshake that does not get through, a node that
 * has lost its address, or one without slots that does not answer and that less than half of the others still list; and
 * nobody who answers hears it.
 */
function ghostKind({ nodes, views, knownTo, lostAt, snapshot }: Evidence, id: NodeId) {
  const node = nodes.get(id);
  if (!node || views.has(id)) return undefined;
  if (node.role === 'stranger' && node.handshake) return 'handshake';
  if (node.role === 'primary' && node.slots.size > 0) return undefined;
  // Whom anybody hears lives, wherever it is.
  if (hearersOf(snapshot, id).length > 0) return undefined;
  if (!lostAt.has(id)) return 'noaddr';
  // Known to most, it is a member whom a few do not know: removing it would be the wrong advice.
  return 2 * idsOf(knownTo.get(id) ?? []).length < snapshot.views.length ? 'forgotten' : undefined;
}

function isGhost(evidence: Evidence, id: NodeId): boolean {
  return ghostKind(evidence, id) !== undefined;
}

export const ghosts: Rule = evidence =>
  [...evidence.nodes.values()].flatMap(node => {
    const because = ghostKind(evidence, node.id);
    if (!because) return [];
    const address = node.address && { address: node.address };
    const knownTo = idsOf(evidence.knownTo.get(node.id) ?? []);
    // A handshake passes by itself, one way or the other; what stays behind has to be removed by somebody.
    const tell = because === 'handshake' ? warning : error;
    return [tell([node.id], { kind: 'ghost', because, ...address, knownTo })];
  });

/** Members that not everybody knows: one finding for those whom the same nodes do not know. */
export const membersDisagree: Rule = evidence => {
  const { nodes, camps, knownTo } = evidence;
  const missed = [...nodes.values()].flatMap(node => {
    const knowing = knownTo.get(node.id) ?? [];
    if (node.role === 'stranger' || knowing.length === camps.length || isGhost(evidence, node.id)) return [];
    return [{ id: node.id, unknownTo: idsOf(camps.filter(camp => !knowing.includes(camp))) }];
  });
  return [...groupBy(missed, ({ unknownTo }) => unknownTo.join()).values()].map(group =>
    error(group.map(({ id }) => id).sort(), {
      kind: 'members-disagree',
      unknownTo: group[0]?.unknownTo ?? [],
    }),
  );
};

export const rolesDisagree: Rule = ({ camps, nodes }) => {
  const dissents = camps.flatMap(camp =>
    camp.nodes
      .filter(node => {
        // Whoever has not heard of a role yet has no opinion.
        if (node.role === 'stranger') return false;
        const own = nodes.get(node.id);
        return own !== undefined && own !== node && !sameRole(own, node);
      })
      .map(node => ({ node, camp })),
  );
  return [...groupBy(dissents, ({ node }) => node.id)].map(([id, group]) => {
    const opinions = [...groupBy(group, ({ node }) => roleOf(node))].sort(byKey);
    return error([id], { kind: 'roles-disagree', opinions: opinions.map(([, same]) => roleOpinion(same)) });
  });
};

function roleOf(node: ClusterNode): string {
  return node.role === 'replica' ? `replica of ${node.primary}` : node.role;
}

function roleOpinion(group: readonly { node: ClusterNode; camp: Camp }[]): RoleOpinion {
  const node = group[0]?.node;
  const primary = node?.role === 'replica' ? node.primary : undefined;
  return {
    role: node?.role ?? 'stranger',
    ...(primary && { primary }),
    saidBy: idsOf(group.map(({ camp }) => camp)),
  };
}

function sameRole(a: ClusterNode, b: ClusterNode): boolean {
  if (a.role === 'replica' && b.role === 'replica') return a.primary === b.primary;
  return a.role === b.role;
}

/** Links to nodes that are down anyway say nothing new, so only those between nodes that answer are listed. */
export const busLinksDown: Rule = ({ camps, views }) => {
  const missing = camps.flatMap(camp =>
    camp.nodes
      .filter(node => !node.linked && views.has(node.id))
      .flatMap(({ id: to }) =>
        camp.views.filter(view => view.id !== to).map(view => ({ from: view.id, to })),
      ),
  );
  if (missing.length === 0) return [];
  missing.sort((a, b) => (`${a.from} ${a.to}` < `${b.from} ${b.to}` ? -1 : 1));
  const nodes = [...new Set(missing.flatMap(({ from, to }) => [from, to]))];
  return [warning(nodes, { kind: 'bus-links-down', missing })];
};

export const versionsMixed: Rule = ({ snapshot }) => {
  const groups = groupBy(snapshot.views, ({ server }) => `${server.product} ${server.version}`);
  if (groups.size < 2) return [];
  const sorted = (views: readonly NodeView[]) => views.map(view => view.id).sort();
  const versions = [...groups].sort(byKey).map(([version, views]) => ({ version, nodes: sorted(views) }));
  return [warning(sorted(snapshot.views), { kind: 'versions-mixed', versions })];
};

function byKey([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}
