/**
 * Whether nodes that are to be one cluster have come to agree. Asked again and again while they form, so it looks only
 * at what CLUSTER NODES, the cluster state and the replication links tell.
 */
import { type Copy, type CopyEnd, copyEnd, copyStateOf } from './full-sync.ts';
import { memoized } from './memoized.ts';
import { type ClusterNode, formatAddress, type MeetingPoint, type NodeId } from './node.ts';
import type { OfKind } from './of-kind.ts';
import type { NodeView } from './snapshot.ts';

/** A node as far as forming a cluster goes: where we reach it, and where the others do. */
export interface Member {
  readonly id: NodeId;
  readonly address: NodeView['address'];
  /** Absent where nobody knows: a node that was never met, and is known to us by a name only. */
  readonly meetAt?: MeetingPoint;
}

/** What one node says at one moment. */
export interface Glance extends CopyEnd, Pick<NodeView, 'state'> {
  /** It says nothing before it has loaded its data: this is from before, or what others say of it. */
  readonly isMute?: true;
  /** It saves its data just now; absent where nobody has asked. */
  readonly isSaving?: boolean;
}

/** What is missing until everybody agrees. */
export type Gap =
  /** `who` has never heard of `about`. */
  | OfKind<'unknown', { who: NodeId; about: NodeId }>
  /** `who` has heard of `about` and has no bus connection to it. */
  | OfKind<'unlinked', { who: NodeId; about: NodeId }>
  /** What `who` believes of the role or the slots of `about` is not what `about` says. */
  | OfKind<'outdated', { who: NodeId; about: NodeId }>
  /** `who` says cluster_state:fail. */
  | OfKind<'not-ok', { who: NodeId }>
  /** The replica `who` gets no data from its primary `about`, which has not let it in. */
  | OfKind<'no-data', { who: NodeId; about: NodeId }>
  /** The replica `who` is not through with its copy of `about`. */
  | OfKind<'copying', { who: NodeId; about: NodeId; copy: Copy }>
  /** `who` shakes hands once more with somebody whom it knows: soon over, and until then seen as a ghost. */
  | OfKind<'handshake', { who: NodeId }>
  /** `who` is loading its data, and tells nothing meanwhile. */
  | OfKind<'loading', { who: NodeId }>;

/** `members`: everybody knows everybody and hears them. `roles`: and knows what they are, and primaries have let replicas in. */
export type Goal = 'members' | 'roles';

export interface Scope {
  readonly goal: Goal;
  readonly members: readonly NodeId[];
  /** Only what these know, and what is known of them; without it, everybody. */
  readonly concerned?: ReadonlySet<NodeId>;
  /** Whether every node has to say cluster_state:ok. */
  readonly wantsOk: boolean;
  /** Whether replicas have to be through with their copy of all data; else it is enough that it is on its way. */
  readonly wantsCopies?: boolean;
}

export function glanceOf(view: NodeView): Glance {
  return { ...copyEnd(view), ...(view.state && { state: view.state }) };
}

export function gapsAmong(glances: readonly Glance[], scope: Scope): Gap[] {
  const { members, concerned, goal } = scope;
  const spoken = new Map(glances.map(glance => [glance.id, glance]));
  const gaps: Gap[] = [];
  for (const who of members) {
    const glance = spoken.get(who);
    if (!glance || (glance.isMute && !isGettingData(glance, scope))) gaps.push({ kind: 'loading', who });
    if (!glance) continue;
    if (goal === 'roles') gaps.push(...copyGaps(glance, spoken, scope));
    // It cannot tell what it knows now; what the others know of it can be told.
    if (glance.isMute) continue;
    const known = indexOf(glance.nodes);
    for (const about of members) {
      if (about === who || (concerned && !concerned.has(who) && !concerned.has(about))) continue;
      const kind = gapBetween(known.get(about), spoken.get(about), goal);
      if (kind) gaps.push({ kind, who, about });
    }
    if (goal === 'roles') gaps.push(...ownGaps(glance, scope));
  }
  return gaps;
}

function gapBetween(
  believed: ClusterNode | undefined,
  truth: Glance | undefined,
  goal: Goal,
): 'unknown' | 'unlinked' | 'outdated' | undefined {
  if (!believed || (believed.role === 'stranger' && believed.handshake)) return 'unknown';
  if (goal === 'roles' && truth && !sameDuties(believed, truth.self)) return 'outdated';
  return believed.linked ? undefined : 'unlinked';
}

function ownGaps(glance: Glance, { wantsOk }: Scope): Gap[] {
  const { id: who, state } = glance;
  const gaps: Gap[] = [];
  if (meetsAgain(glance)) gaps.push({ kind: 'handshake', who });
  if (wantsOk && state === 'fail') gaps.push({ kind: 'not-ok', who });
  return gaps;
}

/**
 * Only a link that is up, or an entry in its primary's list, proves that a replica can log in: one that is turned away
 * believes for a moment that it is about to begin.
 */
function copyGaps(glance: Glance, spoken: ReadonlyMap<NodeId, Glance>, scope: Scope): Gap[] {
  const { id: who, self, replication } = glance;
  const { concerned, wantsCopies = false } = scope;
  if (self.role !== 'replica' || !self.primary) return [];
  const copy = copyOf(glance, spoken);
  if (copy)
    return wantsCopies && isConcerned(copy, scope)
      ? [{ kind: 'copying', who, about: copy.primary, copy }]
      : [];
  const isUp = replication.role === 'replica' && replication.link === 'up';
  const isNew = !concerned || concerned.has(who);
  return isNew && !isUp && !glance.isMute ? [{ kind: 'no-data', who, about: self.primary }] : [];
}

function copyOf(glance: Glance, spoken: ReadonlyMap<NodeId, Glance>): Copy | undefined {
  const { id: replica, self } = glance;
  if (self.role !== 'replica' || !self.primary) return undefined;
  const primary = spoken.get(self.primary);
  const loading = glance.loading ?? (glance.isMute ? {} : undefined);
  const state = copyStateOf({ ...glance, ...(loading && { loading }) }, primary);
  return state && { replica, primary: self.primary, ...state, ...(primary?.isSaving && { isSaving: true }) };
}

/** A replica whose primary has lost its slots follows them to their new owner, and copies that one's data. */
function isConcerned({ replica, primary }: Copy, { concerned }: Pick<Scope, 'concerned'>): boolean {
  return !concerned || concerned.has(replica) || concerned.has(primary);
}

/** Of those concerned, the copies that are not whole yet. */
export function copiesAmong(glances: readonly Glance[], scope: Pick<Scope, 'concerned'>): Copy[] {
  const spoken = new Map(glances.map(glance => [glance.id, glance]));
  return glances.flatMap(glance => copyOf(glance, spoken) ?? []).filter(copy => isConcerned(copy, scope));
}

function meetsAgain({ nodes }: Glance): boolean {
  const strangers = nodes.filter(node => node.role === 'stranger' && node.handshake && node.address);
  if (strangers.length === 0) return false;
  const at = ({ address }: ClusterNode) => (address ? formatAddress(address) : '');
  const known = new Set(nodes.filter(node => node.role !== 'stranger').map(at));
  return strangers.some(node => known.has(at(node)));
}

/** A replica that was given its role, and now loads what its primary has sent: that may take long. */
function isGettingData({ self }: Glance, { goal }: Scope): boolean {
  return goal === 'roles' && self.role === 'replica';
}

/** Role, primary and slots; epochs and addresses are none of a client's business. */
export function sameDuties(a: ClusterNode, b: ClusterNode): boolean {
  if (a === b) return true;
  if (a.role === 'primary' && b.role === 'primary') return a.slots.equals(b.slots);
  if (a.role === 'replica' && b.role === 'replica') return a.primary === b.primary;
  return false;
}

/** Views that say the same share one list, so most of the time it is indexed already. */
const indexOf = memoized(
  (nodes: readonly ClusterNode[]): ReadonlyMap<NodeId, ClusterNode> =>
    new Map(nodes.map(node => [node.id, node])),
);
