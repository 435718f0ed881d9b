/** What a refusal is for programs: what may be relied on, whatever refusals are inside. */
import type { SituationKind } from '../../plan/fix/situation-kinds.ts';
import type { Id, Place, Slots } from './document.ts';
import type { BareFinding, WrongPlace } from './finding-document.ts';

type OfPlace = { readonly node: Place };
type OfNode = { readonly node: Id };
type OfReplica = { readonly node: Id; readonly primary: Id };

export type Difference =
  | {
      readonly kind: 'slots-elsewhere';
      readonly slots: Slots;
      readonly from: Id;
      readonly to: Id;
      readonly owner?: Id | undefined;
    }
  | ({ readonly kind: 'target-gone' | 'target-replica' } & OfNode)
  | {
      readonly kind: 'owner-changed';
      readonly slots: Slots;
      readonly was: Id;
      readonly owner?: Id | undefined;
    }
  | {
      readonly kind: 'situation-new';
      readonly situation: SituationKind;
      readonly nodes: readonly Id[];
      readonly slots: Slots;
    };

export type RefusalDocument =
  | ({
      readonly kind: 'silent';
      readonly reason: string;
      readonly hasNoCluster?: boolean | undefined;
    } & OfPlace)
  | { readonly kind: 'same-node'; readonly nodes: readonly Place[] }
  | ({ readonly kind: 'knows-others'; readonly others: number } & OfPlace)
  | ({ readonly kind: 'holds-keys'; readonly keys: number } & OfPlace)
  | ({ readonly kind: 'owns-slots'; readonly slots: Slots } & OfPlace)
  | ({ readonly kind: 'is-replica' | 'replica-elsewhere' | 'same-cluster' | 'source-replica' } & OfPlace)
  | ({ readonly kind: 'has-epoch'; readonly epoch: number } & OfPlace)
  | ({
      readonly kind: 'has-functions';
      readonly libraries: readonly string[];
      readonly differing: boolean;
    } & OfPlace)
  | ({ readonly kind: 'tls-differs'; readonly tlsBus: boolean } & OfPlace)
  | { readonly kind: 'tls-mixed'; readonly withTls: readonly Place[]; readonly without: readonly Place[] }
  | {
      readonly kind: 'products-mixed';
      readonly redis: readonly Place[];
      readonly valkey: readonly Place[];
      readonly cluster?: 'redis' | 'valkey' | undefined;
    }
  | { readonly kind: 'loopback-mixed'; readonly loopback: readonly Place[] }
  | {
      readonly kind: 'too-few-primaries';
      readonly nodes: number;
      readonly replicas?: number | undefined;
      readonly primaries: number;
    }
  | { readonly kind: 'wrong-roles'; readonly problem: string }
  | {
      readonly kind: 'cluster-damaged' | 'source-damaged' | 'in-doubt';
      readonly findings: readonly BareFinding[];
    }
  | { readonly kind: 'no-such-node' | 'no-such-primary'; readonly word: string }
  | { readonly kind: 'ambiguous-node'; readonly word: string; readonly matches: readonly Id[] }
  | ({
      readonly kind:
        | 'not-a-primary'
        | 'does-not-answer'
        | 'still-loading'
        | 'functions-hidden'
        | 'only-node'
        | 'replicates-itself'
        | 'no-primary-left'
        | 'cannot-own-slots'
        | 'source-is-target'
        | 'replica-of-nobody';
    } & OfNode)
  | ({ readonly kind: 'has-slots'; readonly slots: Slots } & OfNode)
  | ({ readonly kind: 'last-copy'; readonly lives?: true | undefined; readonly slots: Slots } & OfReplica)
  | { readonly kind: 'wrong-address'; readonly wrong: WrongPlace }
  | { readonly kind: 'working-cluster'; readonly keys: number }
  | { readonly kind: 'several-clusters'; readonly groups: readonly (readonly Place[])[] }
  | ({ readonly kind: 'has-stray-keys'; readonly keys: number } & OfNode)
  | ({ readonly kind: 'has-replicas'; readonly replicas: readonly Id[] } & OfNode)
  | { readonly kind: 'no-owner' | 'no-other-primary' | 'no-sources' | 'all-weights-zero' }
  | { readonly kind: 'no-primary-answers'; readonly refusing?: readonly Id[] | undefined }
  | {
      readonly kind: 'too-few-slots';
      readonly sources: readonly Id[];
      readonly available: number;
      readonly wanted: number;
    }
  | { readonly kind: 'slots-unowned' | 'slots-in-doubt'; readonly slots: Slots }
  | ({ readonly kind: 'target-older'; readonly source: Id } & OfNode)
  | ({
      readonly kind: 'no-room';
      readonly policy: string;
      readonly usedBytes: number;
      readonly comingBytes: number;
      readonly neededBytes: number;
      readonly mostBytes: number;
    } & OfNode)
  | { readonly kind: 'nobody-to-ask'; readonly open: readonly ('count' | 'to' | 'from')[] }
  | {
      readonly kind: 'not-understood';
      readonly open: readonly ('count' | 'to' | 'from')[];
      readonly answers: number;
    }
  | ({ readonly kind: 'two-weights'; readonly weights: readonly number[] } & OfNode)
  | ({ readonly kind: 'source-newer'; readonly source: Place; readonly version: string } & OfNode)
  | ({
      readonly kind: 'target-full';
      readonly bytes: number;
      readonly most: number;
      readonly evicts: boolean;
    } & OfNode)
  | { readonly kind: 'login-in-clear' | 'source-sends-plain'; readonly source: Place }
  | {
      readonly kind: 'databases-clash';
      readonly keys: readonly { readonly key: string; readonly databases: readonly number[] }[];
      readonly more: number;
    }
  | { readonly kind: 'plan-outdated'; readonly differences: readonly Difference[] }
  | ({ readonly kind: 'replica-older' | 'not-its-replica' | 'replica-without-data' } & OfReplica)
  | { readonly kind: 'no-replica-answers'; readonly primary: Id }
  | ({ readonly kind: 'replica-unlinked'; readonly syncing: boolean } & OfReplica)
  | ({ readonly kind: 'replica-too-far-behind'; readonly bytes: number; readonly most: number } & OfReplica)
  | ({
      readonly kind: 'primary-silent';
      readonly life?:
        | {
            readonly refused?: 'login' | 'right' | undefined;
            readonly reason: string;
            readonly heardBy: readonly Id[];
          }
        | undefined;
    } & OfReplica)
  | { readonly kind: 'no-majority'; readonly answering: number; readonly voters: number }
  | ({ readonly kind: 'sibling-ahead'; readonly sibling: Id; readonly bytes: number } & OfNode)
  | ({
      readonly kind: 'replica-empty';
      readonly expected: number;
      readonly by: 'primary' | 'sibling' | 'other-shards';
    } & OfReplica)
  | { readonly kind: 'shard-in-motion'; readonly primary: Id; readonly slots: Slots }
  | {
      readonly kind: 'nobody-as-wanted';
      readonly primary: Id;
      readonly versions: readonly string[];
      readonly hosts: readonly string[];
    };
