/** Plans that move slots: what they have in common, and what stands against moving anything. */
import type { Examined } from '../../topology/diagnose.ts';
import type { Finding } from '../../topology/finding.ts';
import { groupBy } from '../../topology/group-by.ts';
import type { NodeId, Primary } from '../../topology/node.ts';
import { SlotSet } from '../../topology/slot-set.ts';
import {
  believedNodes,
  type ClusterSnapshot,
  isPrimary,
  ownClaims,
  primariesIn,
  viewOf,
} from '../../topology/snapshot.ts';
import { takesValuesOf } from '../membership/compatibility.ts';
import { findNamed, type Refusal } from '../refusal.ts';
import { agreeStep, inStages } from '../stages.ts';
import type { Plan, Remark, SlotMove, Stage } from '../step.ts';
import { fragmentsOf } from './choose-slots.ts';

export interface MovePlan extends Plan {
  readonly moves: readonly SlotMove[];
  /** Runs of slots with one owner, in the whole cluster. */
  readonly fragments: { readonly before: number; readonly after: number };
}

/** All moves are one stage: who may be busy at the same time is known to whoever carries them out. */
export function movePlan(
  snapshot: ClusterSnapshot,
  moves: readonly SlotMove[],
  {
    remarks = [],
    closing = [],
    wantsOk,
  }: { readonly remarks?: readonly Remark[]; readonly closing?: Stage; readonly wantsOk: boolean },
): MovePlan {
  const concerned = [...new Set(moves.flatMap(({ from, to }) => [from, to]))];
  const owners = ownersIn(snapshot);
  return {
    before: snapshot,
    moves,
    fragments: {
      before: fragmentsOf(owners.values()),
      after: fragmentsOf(afterMoves(owners, moves).values()),
    },
    remarks,
    stages: inStages(
      closing,
      moves.map(move => ({ kind: 'move-slots', ...move })),
      moves.length + closing.length > 0
        ? [agreeStep(snapshot, concerned, { wantsOk, sparesSilent: true })]
        : [],
    ),
  };
}

export type Owners = ReadonlyMap<NodeId, SlotSet>;

/** In their own words where they answer. Of those who do not, only what nobody else claims. */
export function ownersIn(snapshot: ClusterSnapshot): Map<NodeId, SlotSet> {
  const owners = ownClaims(snapshot);
  let covered = SlotSet.union(owners.values());
  for (const { id, slots } of silentOwners(snapshot)) {
    owners.set(id, slots.without(covered));
    covered = covered.union(slots);
  }
  return owners;
}

export function silentOwners(snapshot: ClusterSnapshot) {
  return [...believedNodes(snapshot).values()]
    .filter(isPrimary)
    .filter(({ id, slots }) => slots.size > 0 && !viewOf(snapshot, id))
    .sort((a, b) => (a.id < b.id ? -1 : 1));
}

function afterMoves(owners: Owners, moves: readonly SlotMove[]): Map<NodeId, SlotSet> {
  const gone = gather(moves, ({ from }) => from);
  const come = gather(moves, ({ to }) => to);
  return new Map(
    [...new Set([...owners.keys(), ...come.keys()])].map(id => {
      const kept = (owners.get(id) ?? SlotSet.empty).without(gone.get(id) ?? SlotSet.empty);
      return [id, kept.union(come.get(id) ?? SlotSet.empty)];
    }),
  );
}

function gather(moves: readonly SlotMove[], party: (move: SlotMove) => NodeId): Map<NodeId, SlotSet> {
  const groups = [...groupBy(moves, party)];
  return new Map(groups.map(([id, group]) => [id, SlotSet.union(group.map(({ slots }) => slots))]));
}

/** What keeps slots from being moved about, unless the person insists. What these moves will mend does not. */
export function damageIn(
  { snapshot, findings }: Examined,
  {
    despiteFindings,
    moves = [],
  }: { readonly despiteFindings: boolean; readonly moves?: readonly SlotMove[] },
): Refusal[] {
  if (despiteFindings) return [];
  const otherwise = openOtherwise(snapshot, moves);
  const damage = findings
    .filter(({ severity }) => severity === 'error')
    .filter(({ kind, slots }) => kind !== 'slots-open' || slots.intersect(otherwise).size > 0)
    .filter(finding => !isSilence(finding) || moves.length === 0 || concerning(moves, [finding]).length > 0);
  return damage.length === 0 ? [] : [{ kind: 'cluster-damaged', findings: damage }];
}

/** Moves that would end at the first key. */
export function unreadableIn(
  { views }: ClusterSnapshot,
  moves: readonly SlotMove[],
  { despiteFindings }: { readonly despiteFindings: boolean },
): Refusal[] {
  if (despiteFindings) return [];
  const servers = new Map(views.map(({ id, server }) => [id, server]));
  return moves.flatMap(({ from: source, to: node }): Refusal[] => {
    const [own, other] = [servers.get(node), servers.get(source)];
    return own && other && !takesValuesOf(own, other) ? [{ kind: 'target-older', node, source }] : [];
  });
}

/** What was planned and perhaps begun is carried out also when a node that has no part in it is gone meanwhile. */
function isSilence({ kind }: Finding): boolean {
  return kind === 'node-unreachable' || kind === 'node-failed' || kind === 'owner-unreachable';
}

/**
 * What is about these slots, or about those who give and get them. Of a silent node everybody may say that the cluster
 * is down, which is then not about the moves either.
 */
export function concerning(moves: readonly SlotMove[], findings: readonly Finding[]): Finding[] {
  const slots = SlotSet.union(moves.map(move => move.slots));
  const parties = new Set(moves.flatMap(({ from, to }) => [from, to]));
  const silent = findings.some(({ kind }) => kind === 'node-unreachable');
  return findings.filter(finding => {
    if (finding.kind === 'state-not-ok' && silent) return false;
    return finding.slots.size > 0
      ? finding.slots.intersect(slots).size > 0
      : finding.nodes.some(id => parties.has(id));
  });
}

/**
 * Slots that must not be moved whatever the person says. Of a slot with two owners one has the newer keys, and moving the
 * other's would put those in the wrong place. A slot on its way has keys at both ends; sent elsewhere, it would leave
 * some of them behind. Only a move in the very same direction takes up where that one stopped.
 */
export function slotsInDoubt(snapshot: ClusterSnapshot, moves: readonly SlotMove[] = []): SlotSet {
  return contestedSlots(snapshot).union(openOtherwise(snapshot, moves));
}

function contestedSlots(snapshot: ClusterSnapshot): SlotSet {
  const claims = [...ownClaims(snapshot).values()];
  const size = claims.reduce((sum, claim) => sum + claim.size, 0);
  if (size === SlotSet.union(claims).size) return SlotSet.empty;
  let seen = SlotSet.empty;
  const again = claims.map(claim => {
    const twice = claim.intersect(seen);
    seen = seen.union(claim);
    return twice;
  });
  return SlotSet.union(again);
}

/** Open slots, but for those that are on their way as one of these moves has it. */
function openOtherwise(snapshot: ClusterSnapshot, moves: readonly SlotMove[]): SlotSet {
  const planned = (s: number, from: NodeId, to: NodeId) =>
    moves.some(move => move.from === from && move.to === to && move.slots.has(s));
  const open = snapshot.views.flatMap(({ id, self, open: { migrating, importing } }) => {
    // Valkey copies the marks of a primary to its replicas.
    const owner = self.role === 'replica' ? (self.primary ?? id) : id;
    return [
      ...[...migrating].filter(([s, peer]) => !planned(s, owner, peer)),
      ...[...importing].filter(([s, peer]) => !planned(s, peer, owner)),
    ].map(([s]) => s);
  });
  return SlotSet.of(...open);
}

/** A primary that answers, or else a refusal more. */
export function findPrimary(
  snapshot: ClusterSnapshot,
  word: string,
  refusals: Refusal[],
): NodeId | undefined {
  const node = findNamed(snapshot, word, refusals);
  if (node === undefined) return undefined;
  if (believedNodes(snapshot).get(node)?.role !== 'primary')
    refusals.push({ kind: 'cannot-own-slots', node });
  else if (!viewOf(snapshot, node)) refusals.push({ kind: 'does-not-answer', node });
  else return node;
  return undefined;
}

/** Slots by node, of the primaries that answer, in the order of the map; those without slots come last. */
export function movableSlots(snapshot: ClusterSnapshot, doubtful: SlotSet): Map<NodeId, SlotSet> {
  return new Map(
    primariesIn(snapshot)
      .map(({ id, self }) => [id, self.slots.without(doubtful)] as const)
      .sort(([a, mine], [b, theirs]) => mine.beginning - theirs.beginning || (a < b ? -1 : 1)),
  );
}

/** `reluctant`: slots of those who give some that stay as they are. */
export function leftBehind(silent: readonly Primary[], reluctant: SlotSet): Remark[] {
  return [
    ...(silent.length > 0 ? [{ kind: 'left-out', nodes: silent.map(({ id }) => id) } as const] : []),
    ...(reluctant.size > 0 ? [{ kind: 'slots-left', slots: reluctant } as const] : []),
  ];
}
