/** Why something is not done, for programs: what may be relied on, whatever refusals are inside. */
import type { SituationKind } from '../../plan/fix/situation-kinds.ts';
import type { PlanDifference, Refusal } from '../../plan/refusal.ts';
import { type Id, type Place, place, type Slots } from './document.ts';
import { byKind, each, fields, slots } from './fields.ts';
import { type BareFinding, bareFinding, type WrongPlace, wrongPlace } from './findings.ts';

type OfPlace = { node: Place };
type OfNode = { node: Id };
type OfReplica = { node: Id; primary: Id };

export type Difference =
  | { kind: 'slots-elsewhere'; slots: Slots; from: Id; to: Id; owner?: Id }
  | ({ kind: 'target-gone' | 'target-replica' } & OfNode)
  | { kind: 'owner-changed'; slots: Slots; was: Id; owner?: Id }
  | { kind: 'situation-new'; situation: SituationKind; nodes: readonly Id[]; slots: Slots };

export type RefusalDocument =
  | ({ kind: 'silent'; reason: string; hasNoCluster?: boolean } & OfPlace)
  | { kind: 'same-node'; nodes: readonly Place[] }
  | ({ kind: 'knows-others'; others: number } & OfPlace)
  | ({ kind: 'holds-keys'; keys: number } & OfPlace)
  | ({ kind: 'owns-slots'; slots: Slots } & OfPlace)
  | ({ kind: 'is-replica' | 'replica-elsewhere' | 'same-cluster' | 'source-replica' } & OfPlace)
  | ({ kind: 'has-epoch'; epoch: number } & OfPlace)
  | ({ kind: 'has-functions'; libraries: readonly string[]; differing: boolean } & OfPlace)
  | ({ kind: 'tls-differs'; tlsBus: boolean } & OfPlace)
  | { kind: 'tls-mixed'; withTls: readonly Place[]; without: readonly Place[] }
  | {
      kind: 'products-mixed';
      redis: readonly Place[];
      valkey: readonly Place[];
      cluster?: 'redis' | 'valkey';
    }
  | { kind: 'loopback-mixed'; loopback: readonly Place[] }
  | { kind: 'too-few-primaries'; nodes: number; replicas?: number; primaries: number }
  | { kind: 'wrong-roles'; problem: string }
  | { kind: 'cluster-damaged' | 'source-damaged' | 'in-doubt'; findings: readonly BareFinding[] }
  | { kind: 'no-such-node' | 'no-such-primary'; word: string }
  | { kind: 'ambiguous-node'; word: string; matches: readonly Id[] }
  | ({
      kind:
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
  | ({ kind: 'has-slots'; slots: Slots } & OfNode)
  | ({ kind: 'last-copy'; lives?: true; slots: Slots } & OfReplica)
  | { kind: 'wrong-address'; wrong: WrongPlace }
  | { kind: 'working-cluster'; keys: number }
  | { kind: 'several-clusters'; groups: readonly (readonly Place[])[] }
  | ({ kind: 'has-stray-keys'; keys: number } & OfNode)
  | ({ kind: 'has-replicas'; replicas: readonly Id[] } & OfNode)
  | { kind: 'no-owner' | 'no-other-primary' | 'no-sources' | 'all-weights-zero' }
  | { kind: 'no-primary-answers'; refusing?: readonly Id[] }
  | { kind: 'too-few-slots'; sources: readonly Id[]; available: number; wanted: number }
  | { kind: 'slots-unowned' | 'slots-in-doubt'; slots: Slots }
  | ({ kind: 'target-older'; source: Id } & OfNode)
  | ({
      kind: 'no-room';
      policy: string;
      usedBytes: number;
      comingBytes: number;
      neededBytes: number;
      mostBytes: number;
    } & OfNode)
  | { kind: 'nobody-to-ask'; open: readonly ('count' | 'to' | 'from')[] }
  | { kind: 'not-understood'; open: readonly ('count' | 'to' | 'from')[]; answers: number }
  | ({ kind: 'two-weights'; weights: readonly number[] } & OfNode)
  | ({ kind: 'source-newer'; source: Place; version: string } & OfNode)
  | ({ kind: 'target-full'; bytes: number; most: number; evicts: boolean } & OfNode)
  | { kind: 'login-in-clear' | 'source-sends-plain'; source: Place }
  | { kind: 'databases-clash'; keys: readonly { key: string; databases: readonly number[] }[]; more: number }
  | { kind: 'plan-outdated'; differences: readonly Difference[] }
  | ({ kind: 'replica-older' | 'not-its-replica' | 'replica-without-data' } & OfReplica)
  | { kind: 'no-replica-answers'; primary: Id }
  | ({ kind: 'replica-unlinked'; syncing: boolean } & OfReplica)
  | ({ kind: 'replica-too-far-behind'; bytes: number; most: number } & OfReplica)
  | ({
      kind: 'primary-silent';
      life?: { refused?: 'login' | 'right'; reason: string; heardBy: readonly Id[] };
    } & OfReplica)
  | { kind: 'no-majority'; answering: number; voters: number }
  | ({ kind: 'sibling-ahead'; sibling: Id; bytes: number } & OfNode)
  | ({ kind: 'replica-empty'; expected: number; by: 'primary' | 'sibling' | 'other-shards' } & OfReplica)
  | { kind: 'shard-in-motion'; primary: Id; slots: Slots }
  | { kind: 'nobody-as-wanted'; primary: Id; versions: readonly string[]; hosts: readonly string[] };

const places = each(place);

const difference = byKind<PlanDifference, Difference>({
  'slots-elsewhere': { slots, from: true, to: true, owner: true },
  'target-gone': { node: true },
  'target-replica': { node: true },
  'owner-changed': { slots, was: true, owner: true },
  'situation-new': { situation: true, nodes: true, slots },
});

export const refusalDocument = byKind<Refusal, RefusalDocument>({
  silent: { node: place, reason: true, hasNoCluster: true },
  'same-node': { nodes: places },
  'knows-others': { node: place, others: true },
  'holds-keys': { node: place, keys: true },
  'owns-slots': { node: place, slots },
  'is-replica': { node: place },
  'replica-elsewhere': { node: place },
  'same-cluster': { node: place },
  'source-replica': { node: place },
  'has-epoch': { node: place, epoch: true },
  'has-functions': { node: place, libraries: true, differing: true },
  'tls-differs': { node: place, tlsBus: true },
  'tls-mixed': { withTls: places, without: places },
  'products-mixed': { redis: places, valkey: places, cluster: true },
  'loopback-mixed': { loopback: places },
  'too-few-primaries': { nodes: true, replicas: true, primaries: true },
  'wrong-roles': { problem: true },
  'cluster-damaged': { findings: each(bareFinding) },
  'source-damaged': { findings: each(bareFinding) },
  'no-such-node': { word: true },
  'no-such-primary': { word: true },
  'ambiguous-node': { word: true, matches: true },
  'not-a-primary': { node: true },
  'does-not-answer': { node: true },
  'still-loading': { node: true },
  'functions-hidden': { node: true },
  'only-node': { node: true },
  'replicates-itself': { node: true },
  'no-primary-left': { node: true },
  'cannot-own-slots': { node: true },
  'source-is-target': { node: true },
  'has-slots': { node: true, slots },
  'last-copy': { node: true, primary: true, lives: true, slots },
  'wrong-address': { wrong: wrongPlace },
  'working-cluster': { keys: true },
  'several-clusters': { groups: each(places) },
  'has-stray-keys': { node: true, keys: true },
  'has-replicas': { node: true, replicas: true },
  'no-owner': {},
  'no-other-primary': {},
  'no-sources': {},
  'all-weights-zero': {},
  'no-primary-answers': { refusing: true },
  'too-few-slots': { sources: true, available: true, wanted: true },
  'slots-unowned': { slots },
  'slots-in-doubt': { slots },
  'replica-older': { node: true, primary: true },
  'target-older': { node: true, source: true },
  'no-room': {
    node: true,
    policy: true,
    usedBytes: true,
    comingBytes: true,
    neededBytes: true,
    mostBytes: true,
  },
  'nobody-to-ask': { open: true },
  'not-understood': { open: true, answers: true },
  'two-weights': { node: true, weights: true },
  'source-newer': { node: true, source: place, version: true },
  'target-full': { node: true, bytes: true, most: true, evicts: true },
  'login-in-clear': { source: place },
  'source-sends-plain': { source: place },
  'databases-clash': { keys: each(fields({ key: true, databases: true })), more: true },
  'plan-outdated': { differences: each(difference) },
  'replica-of-nobody': { node: true },
  'in-doubt': { findings: each(bareFinding) },
  'not-its-replica': { node: true, primary: true },
  'replica-without-data': { node: true, primary: true },
  'no-replica-answers': { primary: true },
  'replica-unlinked': { node: true, primary: true, syncing: true },
  'replica-too-far-behind': { node: true, primary: true, bytes: true, most: true },
  'primary-silent': {
    node: true,
    primary: true,
    life: fields({ refused: true, reason: true, heardBy: true }),
  },
  'no-majority': { answering: true, voters: true },
  'sibling-ahead': { node: true, sibling: true, bytes: true },
  'replica-empty': { node: true, primary: true, expected: true, by: true },
  'shard-in-motion': { primary: true, slots },
  'nobody-as-wanted': { primary: true, versions: true, hosts: true },
});
