/**
 * What can be wrong with a cluster. A finding says which nodes and slots it is about and how bad it is; the facts
 * that only its kind needs are fields of their own, so that `fix` can plan from them without reading sentences.
 */
import type { CopyState } from './full-sync.ts';
import type { Address, NodeId } from './node.ts';
import type { OfKind } from './of-kind.ts';
import type { WrongAddress } from './proof-of-life.ts';
import type { SlotSet } from './slot-set.ts';

export type Severity = 'error' | 'warning';

interface Concerns {
  readonly severity: Severity;
  /** Whom it is about, most important first. */
  readonly nodes: readonly NodeId[];
  readonly slots: SlotSet;
}

/** What some nodes say where others say something else. */
export interface OwnerOpinion {
  /** Absent: nobody. */
  readonly owner?: NodeId;
  readonly saidBy: readonly NodeId[];
}

export interface Dispute {
  readonly slots: SlotSet;
  readonly opinions: readonly OwnerOpinion[];
}

export interface RoleOpinion {
  readonly role: 'primary' | 'replica' | 'stranger';
  readonly primary?: NodeId;
  readonly saidBy: readonly NodeId[];
}

export interface AddressOpinion {
  readonly address: Address;
  readonly saidBy: readonly NodeId[];
}

export interface OpenPeer {
  readonly peer: NodeId;
  readonly slots: SlotSet;
}

export interface SharedHost {
  readonly host: string;
  readonly primary: NodeId;
  readonly replicas: readonly NodeId[];
}

/** What only its kind has. */
export type FindingDetails =
  | OfKind<
      'slots-uncovered' | 'owner-unreachable' | 'slots-claimed-twice' | 'state-unknown' | 'primary-empty'
    >
  /** `loading`: it says so itself, and answers later. */
  | OfKind<'node-unreachable', { address?: Address; reason: string; loading?: true }>
  /** The ignorant know of no owner for any slot. */
  | OfKind<'slot-maps-disagree', { disputes: readonly Dispute[]; ignorant: readonly NodeId[] }>
  /** `passesWithinMs`: nothing else is wrong, so these nodes serve again by themselves. `loading`: when they have their data. */
  | OfKind<'state-not-ok', { passesWithinMs?: number; loading?: true }>
  | OfKind<'node-failed' | 'node-suspected', { saidBy: readonly NodeId[] }>
  | OfKind<'slots-open', { replica: boolean; migrating: readonly OpenPeer[]; importing: readonly OpenPeer[] }>
  | OfKind<'keys-astray', { keys: number }>
  | OfKind<'keys-uncounted', { reason: string }>
  | OfKind<'addresses-disagree', { opinions: readonly AddressOpinion[] }>
  /** Somebody else answers at the address of a node that lives. */
  | OfKind<'wrong-address', WrongAddress>
  | OfKind<'members-disagree', { unknownTo: readonly NodeId[] }>
  | OfKind<'roles-disagree', { opinions: readonly RoleOpinion[] }>
  | OfKind<
      'ghost',
      { because: 'handshake' | 'noaddr' | 'forgotten'; address?: Address; knownTo: readonly NodeId[] }
    >
  | OfKind<'replica-of-nobody', { primary?: NodeId; because: 'unnamed' | 'unknown' | 'replica' }>
  /** `copy`: how far it is with its copy of all data; absent where it does not get one. */
  | OfKind<'replica-link-down', { primary: NodeId; syncing: boolean; copy?: CopyState }>
  | OfKind<'replica-behind', { primary: NodeId; bytes: number }>
  | OfKind<'too-few-replicas', { healthy: number; wanted: number }>
  | OfKind<'epochs-equal', { epoch: number }>
  | OfKind<'bus-links-down', { missing: readonly { readonly from: NodeId; readonly to: NodeId }[] }>
  | OfKind<'replica-on-primary-host' | 'siblings-on-one-host', { shared: readonly SharedHost[] }>
  /** `evicted`: since it was started. */
  | OfKind<'primary-evicting', { evicted: number; mostBytes: number; policy: string }>
  | OfKind<
      'versions-mixed',
      { versions: readonly { readonly version: string; readonly nodes: readonly NodeId[] }[] }
    >;

export type FindingKind = FindingDetails['kind'];
export type FindingOf<K extends FindingKind> = Extract<FindingDetails, { kind: K }> & Concerns;
export type Finding = FindingDetails & Concerns;

/**
 * Every kind, worst first: the order in which findings are shown. The sentence says what it means for the people
 * whose data is in the cluster.
 */
export const MEANINGS: Readonly<Record<FindingKind, string>> = {
  'slots-uncovered': 'Keys in these slots can be neither read nor written.',
  'owner-unreachable':
    'If it is down, keys in these slots can be neither read nor written until it is back or a replica takes over.',
  'slots-claimed-twice':
    'Clients of one owner do not see what clients of the other write; the claim with the lower epoch will be dropped, with its keys.',
  'slot-maps-disagree': 'Clients are sent to different nodes for the same key, depending on whom they ask.',
  'state-not-ok': 'These nodes refuse queries with CLUSTERDOWN.',
  'node-unreachable':
    'Nothing is known of this node but what others say; if it is down, so is its share of the work.',
  'wrong-address':
    'Clients sent to this node reach another one, and slotctl leaves it alone until that is corrected.',
  'node-failed': 'A majority has agreed that this node is down; if it owned slots, a replica must take over.',
  'members-disagree':
    'A node that does not know another refuses slots from it and does not vote for its replicas.',
  'roles-disagree':
    'A node is treated as something that it is not, so failover and queries may go to the wrong place.',
  'keys-astray':
    'Clients are never sent there for these keys, so nobody sees them; a later move of the slot will collide with them.',
  'keys-uncounted': 'Whether this node holds keys that belong elsewhere is not known.',
  'slots-open':
    'A move of these slots was begun and not finished; multi-key commands on them may fail with TRYAGAIN.',
  'replica-of-nobody': 'This replica gets no data and cannot take over for anyone.',
  'replica-link-down':
    'This replica falls behind; if its primary is lost now, so is all that was written since.',
  'too-few-replicas':
    'With fewer replicas than asked for, the loss of these nodes may make slots unavailable.',
  'node-suspected':
    'Some nodes get no answer from this node; if a majority comes to think so, it is failed over.',
  'primary-evicting':
    'Fine for a cache. Anywhere else the evicted keys are lost, and so are some of any that are moved there.',
  'replica-behind': 'If its primary is lost now, so is what this replica has not received.',
  'state-unknown': 'Whether these nodes refuse queries is not known; an ACL user needs +cluster|info.',
  'addresses-disagree':
    'Clients are sent to different places for one node, and not all of them may be the right one.',
  ghost: 'A node that is no longer a member is still known here and may come back by gossip.',
  'epochs-equal':
    'The cluster cannot tell whose claim to a slot is newer, and atomic slot migrations may fail.',
  'bus-links-down':
    'These nodes cannot hear each other, so failures and new owners reach them late or never.',
  'replica-on-primary-host': 'If that host is lost, primary and replica go together.',
  'siblings-on-one-host': 'If that host is lost, several replicas of one primary go together.',
  'primary-empty': 'This primary serves no keys and takes no part in votes.',
  'versions-mixed': 'Fine during an upgrade; features and replies differ until it is done.',
};

/** Those of one kind by the first node, so that the order is the same whoever was asked first. */
export function worstFirst(findings: readonly Finding[]): Finding[] {
  const order = Object.keys(MEANINGS);
  const rank = (f: Finding) => (f.severity === 'error' ? 0 : order.length) + order.indexOf(f.kind);
  const first = ({ nodes: [node] }: Finding): string => node ?? '';
  return [...findings].sort((a, b) => rank(a) - rank(b) || (first(a) < first(b) ? -1 : 1));
}
