/** Whether nodes are fit to be made a cluster, one by one and together. */
import {
  type Applicant,
  type Candidate,
  isCandidate,
  isSilent,
  type Traits,
} from '../../topology/candidate.ts';
import { groupBy } from '../../topology/group-by.ts';
import { lastCopyOf } from '../../topology/last-copy.ts';
import { type ClusterNode, formatAddress, type NodeId, slotsOf } from '../../topology/node.ts';
import { isAlive } from '../../topology/proof-of-life.ts';
import type { SlotSet } from '../../topology/slot-set.ts';
import { believedNodes, type ClusterSnapshot, replicasByPrimary, viewOf } from '../../topology/snapshot.ts';
import type { Refusal } from '../refusal.ts';

/** What a node is to become. */
export type Assignment =
  | { readonly role: 'primary'; readonly slots: SlotSet; readonly epoch: number }
  | { readonly role: 'replica'; readonly primary: NodeId; readonly epoch: number };

/** What stands against all of them together. */
export function judgeTogether(nodes: readonly Applicant[]): Refusal[] {
  const candidates = nodes.filter(isCandidate);
  const silent = nodes.filter(isSilent);
  return [
    ...silent.map(
      ({ asked, reason, hasNoCluster }): Refusal => ({
        kind: 'silent',
        node: asked,
        reason,
        ...(hasNoCluster && { hasNoCluster }),
      }),
    ),
    ...sameNodes(nodes),
    ...tlsMixed(candidates),
    ...loopbackMixed(candidates),
  ];
}

/** By id where it is known, so that two names for one node are found out. */
function sameNodes(nodes: readonly Applicant[]): Refusal[] {
  return [...groupBy(nodes, node => (isCandidate(node) ? node.view.id : formatAddress(node.asked))).values()]
    .filter(group => group.length > 1)
    .map(group => ({ kind: 'same-node', nodes: group.map(({ asked }) => asked) }));
}

function tlsMixed(candidates: readonly Candidate[]): Refusal[] {
  const asked = (tls: boolean) => candidates.filter(c => c.tlsBus === tls).map(c => c.asked);
  const [withTls, without] = [asked(true), asked(false)];
  return withTls.length > 0 && without.length > 0 ? [{ kind: 'tls-mixed', withTls, without }] : [];
}

/** On another machine a loopback address is another node, or none. */
function loopbackMixed(candidates: readonly Candidate[]): Refusal[] {
  const loopback = candidates.filter(c => isLoopback(c.meetAt.ip));
  const mixed = loopback.length > 0 && loopback.length < candidates.length;
  return mixed ? [{ kind: 'loopback-mixed', loopback: loopback.map(c => c.asked) }] : [];
}

export function isLoopback(ip: string): boolean {
  return ip.startsWith('127.') || ip === '::1' || ip.startsWith('::ffff:127.');
}

/**
 * What stands against one of them: anything that it brings along and that is not what it is to become. What matches
 * its assignment was done by an earlier run, and is no reason against another.
 */
export function judgeCandidate(
  candidate: Candidate,
  nodes: readonly Applicant[],
  assignment: Assignment | undefined,
): Refusal[] {
  const { asked: node, view, functions } = candidate;
  const { self } = view;
  const others = strangersTo(view, idsIn(nodes), addressesIn(nodes));
  const slots = slotsOf(self);
  const hasItsSlots = assignment?.role === 'primary' && slots.size > 0 && slots.equals(assignment.slots);
  const hasItsPrimary =
    assignment?.role === 'replica' && self.role === 'replica' && self.primary === assignment.primary;
  const begun = hasItsSlots || hasItsPrimary || view.nodes.length - others > 1;
  const refusals = judgeBelongings(candidate, others, hasItsSlots || hasItsPrimary);
  const epoch = self.configEpoch;
  if (epoch > 0 && !begun && epoch !== assignment?.epoch) refusals.push({ kind: 'has-epoch', node, epoch });
  if (functions && functions.size > 0 && !begun)
    refusals.push({ kind: 'has-functions', node, libraries: [...functions.keys()], differing: false });
  return refusals;
}

/** What stands against a node that is to join a cluster of others. An old epoch does no harm there. */
export function judgeNewcomer(
  candidate: Candidate,
  members: ReadonlyMap<NodeId, ClusterNode>,
  cluster: Traits,
): Refusal[] {
  const { asked: node, view, functions = new Map(), tlsBus } = candidate;
  // Somebody with whom it is shaking hands has no id yet.
  const places = new Set([...members.values()].flatMap(m => (m.address ? [formatAddress(m.address)] : [])));
  const refusals = judgeBelongings(candidate, strangersTo(view, new Set(members.keys()), places), false);
  const libraries = [...functions]
    .filter(([name, code]) => cluster.functions?.get(name) !== code)
    .map(([name]) => name);
  if (libraries.length > 0) refusals.push({ kind: 'has-functions', node, libraries, differing: true });
  if (tlsBus !== undefined && cluster.tlsBus !== undefined && tlsBus !== cluster.tlsBus)
    refusals.push({ kind: 'tls-differs', node, tlsBus });
  return refusals;
}

/** `isAssigned`: its slots, or its primary, are those that it is to have. */
function judgeBelongings(
  { asked: node, view: { self, server } }: Candidate,
  others: number,
  isAssigned: boolean,
): Refusal[] {
  const refusals: Refusal[] = others > 0 ? [{ kind: 'knows-others', node, others }] : [];
  if (isAssigned) return refusals;
  const [slots, keys] = [slotsOf(self), server.keys ?? 0];
  if (slots.size > 0) refusals.push({ kind: 'owns-slots', node, slots });
  if (self.role === 'replica') refusals.push({ kind: 'is-replica', node });
  if (keys > 0) refusals.push({ kind: 'holds-keys', node, keys });
  return refusals;
}

/** What stands against making a member a replica: it is emptied, and whoever replicates it is left alone. */
export function judgeFutureReplica(snapshot: ClusterSnapshot, node: NodeId): Refusal[] {
  const view = viewOf(snapshot, node);
  if (!view) return [{ kind: 'does-not-answer', node }];
  const { self, server } = view;
  const last = lastCopyRefusals(snapshot, node);
  if (last.length > 0) return last;
  if (self.role !== 'primary') return [];
  const refusals: Refusal[] = [];
  const keys = server.keys ?? 0;
  if (self.slots.size > 0) refusals.push({ kind: 'has-slots', node, slots: self.slots });
  else if (keys > 0) refusals.push({ kind: 'has-stray-keys', node, keys });
  const replicas = (replicasByPrimary(believedNodes(snapshot).values()).get(node) ?? []).map(({ id }) => id);
  if (replicas.length > 0) refusals.push({ kind: 'has-replicas', node, replicas });
  return refusals;
}

/** To empty it, or to forget it, would be the end of some keys. */
export function lastCopyRefusals(snapshot: ClusterSnapshot, node: NodeId): Refusal[] {
  const last = lastCopyOf(snapshot, node);
  if (!last) return [];
  return [{ kind: 'last-copy', node, ...last, ...(isAlive(snapshot, last.primary) && { lives: true }) }];
}

function idsIn(nodes: readonly Applicant[]): ReadonlySet<NodeId> {
  return new Set(nodes.filter(isCandidate).map(({ view }) => view.id));
}

/** One that does not answer is known by its address only. */
export function addressesIn(nodes: readonly Applicant[]): ReadonlySet<string> {
  return new Set(
    nodes.flatMap(node => [
      formatAddress(node.asked),
      isCandidate(node)
        ? formatAddress({ host: node.meetAt.ip, port: node.meetAt.port })
        : formatAddress({ host: node.ip, port: node.asked.port }),
    ]),
  );
}

/** How many nodes it knows that do not belong here. */
function strangersTo(
  { id, nodes }: Candidate['view'],
  ids: ReadonlySet<NodeId>,
  addresses: ReadonlySet<string>,
): number {
  return nodes.filter(
    node =>
      node.id !== id && !ids.has(node.id) && !(node.address && addresses.has(formatAddress(node.address))),
  ).length;
}
