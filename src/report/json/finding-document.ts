/** What a finding is for programs: what may be relied on, whatever findings are inside. */
import type { Id, Place, Slots } from './document.ts';

interface About {
  readonly severity: 'error' | 'warning';
  /** Whom it is about, most important first. */
  readonly nodes: readonly Id[];
  readonly slots: Slots;
}

export interface OpenTo {
  readonly peer: Id;
  readonly slots: Slots;
}

interface OnOneHost {
  readonly host: string;
  readonly primary: Id;
  readonly replicas: readonly Id[];
}

/** How far a copy of all data is. */
export interface CopyProgress {
  readonly stage: 'waiting' | 'sending' | 'loading';
  readonly doneBytes?: number | undefined;
  readonly ofBytes?: number | undefined;
}

/** Without sentences, as refusals hold it. */
export type BareFinding = About &
  (
    | {
        readonly kind: 'node-unreachable';
        readonly address?: Place | undefined;
        readonly reason: string;
        readonly loading?: true | undefined;
      }
    | {
        readonly kind:
          | 'slots-uncovered'
          | 'owner-unreachable'
          | 'slots-claimed-twice'
          | 'state-unknown'
          | 'primary-empty';
      }
    | {
        readonly kind: 'slot-maps-disagree';
        readonly disputes: readonly {
          readonly slots: Slots;
          readonly opinions: readonly { readonly owner?: Id | undefined; readonly saidBy: readonly Id[] }[];
        }[];
        readonly ignorant: readonly Id[];
      }
    | {
        readonly kind: 'state-not-ok';
        readonly passesWithinMs?: number | undefined;
        readonly loading?: true | undefined;
      }
    | { readonly kind: 'node-failed' | 'node-suspected'; readonly saidBy: readonly Id[] }
    | {
        readonly kind: 'slots-open';
        readonly replica: boolean;
        readonly migrating: readonly OpenTo[];
        readonly importing: readonly OpenTo[];
      }
    | { readonly kind: 'keys-astray'; readonly keys: number }
    | { readonly kind: 'keys-uncounted'; readonly reason: string }
    | {
        readonly kind: 'addresses-disagree';
        readonly opinions: readonly { readonly address: Place; readonly saidBy: readonly Id[] }[];
      }
    | ({ readonly kind: 'wrong-address' } & WrongPlace)
    | { readonly kind: 'members-disagree'; readonly unknownTo: readonly Id[] }
    | {
        readonly kind: 'roles-disagree';
        readonly opinions: readonly {
          readonly role: 'primary' | 'replica' | 'stranger';
          readonly primary?: Id | undefined;
          readonly saidBy: readonly Id[];
        }[];
      }
    | {
        readonly kind: 'ghost';
        readonly because: 'handshake' | 'noaddr' | 'forgotten';
        readonly address?: Place | undefined;
        readonly knownTo: readonly Id[];
      }
    | {
        readonly kind: 'replica-of-nobody';
        readonly primary?: Id | undefined;
        readonly because: 'unnamed' | 'unknown' | 'replica';
      }
    | {
        readonly kind: 'replica-link-down';
        readonly primary: Id;
        readonly syncing: boolean;
        readonly copy?: CopyProgress | undefined;
      }
    | { readonly kind: 'replica-behind'; readonly primary: Id; readonly bytes: number }
    | { readonly kind: 'too-few-replicas'; readonly healthy: number; readonly wanted: number }
    | { readonly kind: 'epochs-equal'; readonly epoch: number }
    | { readonly kind: 'bus-links-down'; readonly missing: readonly { readonly from: Id; readonly to: Id }[] }
    | {
        readonly kind: 'replica-on-primary-host' | 'siblings-on-one-host';
        readonly shared: readonly OnOneHost[];
      }
    | {
        readonly kind: 'primary-evicting';
        readonly evicted: number;
        readonly mostBytes: number;
        readonly policy: string;
      }
    | {
        readonly kind: 'versions-mixed';
        readonly versions: readonly { readonly version: string; readonly nodes: readonly Id[] }[];
      }
  );

/** Somebody else answers at the address of a node that lives. */
export interface WrongPlace {
  readonly node: Id;
  readonly at: Place;
  readonly answeredBy: Id;
  readonly isMember: boolean;
  readonly heardBy: readonly Id[];
  readonly mapLine?: string | undefined;
}

/** `summary` says what is the case, and `meaning` what it means for those whose data is in the cluster. */
export type FindingDocument = BareFinding & { readonly summary: string; readonly meaning: string };
