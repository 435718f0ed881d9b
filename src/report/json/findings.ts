/** What is wrong with a cluster, for programs: what may be relied on, whatever findings are inside. */
import { type Finding, MEANINGS, type OpenPeer, type SharedHost } from '../../topology/finding.ts';
import type { WrongAddress } from '../../topology/proof-of-life.ts';
import { describeFinding } from '../text/finding.ts';
import type { NodeNames } from '../text/names.ts';
import { type Id, type Place, place, type Slots } from './document.ts';
import { byKind, each, fields, slots } from './fields.ts';

interface About {
  readonly severity: 'error' | 'warning';
  /** Whom it is about, most important first. */
  readonly nodes: readonly Id[];
  readonly slots: Slots;
}

export type OpenTo = { peer: Id; slots: Slots };
type OnOneHost = { host: string; primary: Id; replicas: readonly Id[] };

/** How far a copy of all data is. */
export type CopyProgress = { stage: 'waiting' | 'sending' | 'loading'; doneBytes?: number; ofBytes?: number };

/** Somebody else answers at the address of a node that lives. */
export interface WrongPlace {
  readonly node: Id;
  readonly at: Place;
  readonly answeredBy: Id;
  readonly isMember: boolean;
  readonly heardBy: readonly Id[];
  readonly mapLine?: string;
}

type OwnerSaid = { owner?: Id; saidBy: readonly Id[] };
type RoleSaid = { role: 'primary' | 'replica' | 'stranger'; primary?: Id; saidBy: readonly Id[] };

/** Without sentences, as refusals hold it. */
export type BareFinding = About &
  (
    | { kind: 'node-unreachable'; address?: Place; reason: string; loading?: true }
    | {
        kind:
          | 'slots-uncovered'
          | 'owner-unreachable'
          | 'slots-claimed-twice'
          | 'state-unknown'
          | 'primary-empty';
      }
    | {
        kind: 'slot-maps-disagree';
        disputes: readonly { slots: Slots; opinions: readonly OwnerSaid[] }[];
        ignorant: readonly Id[];
      }
    | { kind: 'state-not-ok'; passesWithinMs?: number; loading?: true }
    | { kind: 'node-failed' | 'node-suspected'; saidBy: readonly Id[] }
    | { kind: 'slots-open'; replica: boolean; migrating: readonly OpenTo[]; importing: readonly OpenTo[] }
    | { kind: 'keys-astray'; keys: number }
    | { kind: 'keys-uncounted'; reason: string }
    | { kind: 'addresses-disagree'; opinions: readonly { address: Place; saidBy: readonly Id[] }[] }
    | ({ kind: 'wrong-address' } & WrongPlace)
    | { kind: 'members-disagree'; unknownTo: readonly Id[] }
    | { kind: 'roles-disagree'; opinions: readonly RoleSaid[] }
    | {
        kind: 'ghost';
        because: 'handshake' | 'noaddr' | 'forgotten';
        address?: Place;
        knownTo: readonly Id[];
      }
    | { kind: 'replica-of-nobody'; primary?: Id; because: 'unnamed' | 'unknown' | 'replica' }
    | { kind: 'replica-link-down'; primary: Id; syncing: boolean; copy?: CopyProgress }
    | { kind: 'replica-behind'; primary: Id; bytes: number }
    | { kind: 'too-few-replicas'; healthy: number; wanted: number }
    | { kind: 'epochs-equal'; epoch: number }
    | { kind: 'bus-links-down'; missing: readonly { from: Id; to: Id }[] }
    | { kind: 'replica-on-primary-host' | 'siblings-on-one-host'; shared: readonly OnOneHost[] }
    | { kind: 'primary-evicting'; evicted: number; mostBytes: number; policy: string }
    | { kind: 'versions-mixed'; versions: readonly { version: string; nodes: readonly Id[] }[] }
  );

/** `summary` says what is the case, and `meaning` what it means for those whose data is in the cluster. */
export type FindingDocument = BareFinding & { readonly summary: string; readonly meaning: string };

export function findingDocument(finding: Finding, names: NodeNames): FindingDocument {
  return {
    ...bareFinding(finding),
    summary: describeFinding(finding, names),
    meaning: MEANINGS[finding.kind],
  };
}

const WRONG_PLACE = {
  node: true,
  at: place,
  answeredBy: true,
  isMember: true,
  heardBy: true,
  mapLine: true,
} as const;
export const wrongPlace = fields<WrongAddress, WrongPlace>(WRONG_PLACE);

export const COPY_PROGRESS = { stage: true, doneBytes: true, ofBytes: true } as const;

const about = { severity: true, nodes: true, slots } as const;
const openTo = each(fields<OpenPeer, OpenTo>({ peer: true, slots }));
const shared = each(fields<SharedHost, OnOneHost>({ host: true, primary: true, replicas: true }));

export const bareFinding = byKind<Finding, BareFinding>({
  'node-unreachable': { ...about, address: place, reason: true, loading: true },
  'slots-uncovered': about,
  'owner-unreachable': about,
  'slots-claimed-twice': about,
  'state-unknown': about,
  'primary-empty': about,
  'slot-maps-disagree': {
    ...about,
    disputes: each(fields({ slots, opinions: each(fields({ owner: true, saidBy: true })) })),
    ignorant: true,
  },
  'state-not-ok': { ...about, passesWithinMs: true, loading: true },
  'node-failed': { ...about, saidBy: true },
  'node-suspected': { ...about, saidBy: true },
  'slots-open': { ...about, replica: true, migrating: openTo, importing: openTo },
  'keys-astray': { ...about, keys: true },
  'keys-uncounted': { ...about, reason: true },
  'addresses-disagree': {
    ...about,
    opinions: each(fields({ address: place, saidBy: true })),
  },
  'wrong-address': { ...about, ...WRONG_PLACE },
  'members-disagree': { ...about, unknownTo: true },
  'roles-disagree': {
    ...about,
    opinions: each(fields({ role: true, primary: true, saidBy: true })),
  },
  ghost: { ...about, because: true, address: place, knownTo: true },
  'replica-of-nobody': { ...about, primary: true, because: true },
  'replica-link-down': {
    ...about,
    primary: true,
    syncing: true,
    copy: fields(COPY_PROGRESS),
  },
  'replica-behind': { ...about, primary: true, bytes: true },
  'too-few-replicas': { ...about, healthy: true, wanted: true },
  'epochs-equal': { ...about, epoch: true },
  'bus-links-down': { ...about, missing: each(fields({ from: true, to: true })) },
  'replica-on-primary-host': { ...about, shared },
  'siblings-on-one-host': { ...about, shared },
  'primary-evicting': { ...about, evicted: true, mostBytes: true, policy: true },
  'versions-mixed': {
    ...about,
    versions: each(fields({ version: true, nodes: true })),
  },
});
