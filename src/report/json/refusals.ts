/** Why something is not done, for programs. */
import type { FailoverRefusal } from '../../plan/failover/refusal.ts';
import type { PlanDifference, Refusal } from '../../plan/refusal.ts';
import { place } from './document.ts';
import { bareFinding, wrongPlace } from './findings.ts';
import type { Difference, RefusalDocument } from './refusal-document.ts';

export function refusalDocument(refusal: Refusal): RefusalDocument {
  switch (refusal.kind) {
    case 'silent': {
      const { kind, node, reason, hasNoCluster } = refusal;
      return { kind, node: place(node), reason, hasNoCluster };
    }
    case 'same-node':
      return { kind: refusal.kind, nodes: refusal.nodes.map(place) };
    case 'knows-others':
      return { kind: refusal.kind, node: place(refusal.node), others: refusal.others };
    case 'holds-keys':
      return { kind: refusal.kind, node: place(refusal.node), keys: refusal.keys };
    case 'owns-slots':
      return { kind: refusal.kind, node: place(refusal.node), slots: refusal.slots.toJSON() };
    case 'is-replica':
    case 'replica-elsewhere':
    case 'same-cluster':
    case 'source-replica':
      return { kind: refusal.kind, node: place(refusal.node) };
    case 'has-epoch':
      return { kind: refusal.kind, node: place(refusal.node), epoch: refusal.epoch };
    case 'has-functions': {
      const { kind, node, libraries, differing } = refusal;
      return { kind, node: place(node), libraries, differing };
    }
    case 'tls-differs':
      return { kind: refusal.kind, node: place(refusal.node), tlsBus: refusal.tlsBus };
    case 'tls-mixed': {
      const { kind, withTls, without } = refusal;
      return { kind, withTls: withTls.map(place), without: without.map(place) };
    }
    case 'products-mixed': {
      const { kind, redis, valkey, cluster } = refusal;
      return { kind, redis: redis.map(place), valkey: valkey.map(place), cluster };
    }
    case 'loopback-mixed':
      return { kind: refusal.kind, loopback: refusal.loopback.map(place) };
    case 'too-few-primaries': {
      const { kind, nodes, replicas, primaries } = refusal;
      return { kind, nodes, replicas, primaries };
    }
    case 'wrong-roles':
      return { kind: refusal.kind, problem: refusal.problem };
    case 'cluster-damaged':
    case 'source-damaged':
      return { kind: refusal.kind, findings: refusal.findings.map(bareFinding) };
    case 'no-such-node':
    case 'no-such-primary':
      return { kind: refusal.kind, word: refusal.word };
    case 'ambiguous-node':
      return { kind: refusal.kind, word: refusal.word, matches: refusal.matches };
    case 'not-a-primary':
    case 'does-not-answer':
    case 'still-loading':
    case 'functions-hidden':
    case 'only-node':
    case 'replicates-itself':
    case 'no-primary-left':
    case 'cannot-own-slots':
    case 'source-is-target':
      return { kind: refusal.kind, node: refusal.node };
    case 'has-slots':
      return { kind: refusal.kind, node: refusal.node, slots: refusal.slots.toJSON() };
    case 'last-copy': {
      const { kind, node, primary, lives, slots } = refusal;
      return { kind, node, primary, lives, slots: slots.toJSON() };
    }
    case 'wrong-address':
      return { kind: refusal.kind, wrong: wrongPlace(refusal.wrong) };
    case 'working-cluster':
      return { kind: refusal.kind, keys: refusal.keys };
    case 'several-clusters':
      return { kind: refusal.kind, groups: refusal.groups.map(group => group.map(place)) };
    case 'has-stray-keys':
      return { kind: refusal.kind, node: refusal.node, keys: refusal.keys };
    case 'has-replicas':
      return { kind: refusal.kind, node: refusal.node, replicas: refusal.replicas };
    case 'no-owner':
    case 'no-other-primary':
    case 'no-sources':
    case 'all-weights-zero':
      return { kind: refusal.kind };
    case 'no-primary-answers':
      return { kind: refusal.kind, refusing: refusal.refusing };
    case 'too-few-slots': {
      const { kind, sources, available, wanted } = refusal;
      return { kind, sources, available, wanted };
    }
    case 'slots-unowned':
    case 'slots-in-doubt':
      return { kind: refusal.kind, slots: refusal.slots.toJSON() };
    case 'replica-older':
      return { kind: refusal.kind, node: refusal.node, primary: refusal.primary };
    case 'target-older':
      return { kind: refusal.kind, node: refusal.node, source: refusal.source };
    case 'no-room': {
      const { kind, node, policy, usedBytes, comingBytes, neededBytes, mostBytes } = refusal;
      return { kind, node, policy, usedBytes, comingBytes, neededBytes, mostBytes };
    }
    case 'nobody-to-ask':
      return { kind: refusal.kind, open: refusal.open };
    case 'not-understood':
      return { kind: refusal.kind, open: refusal.open, answers: refusal.answers };
    case 'two-weights':
      return { kind: refusal.kind, node: refusal.node, weights: refusal.weights };
    case 'source-newer': {
      const { kind, node, source, version } = refusal;
      return { kind, node, source: place(source), version };
    }
    case 'target-full': {
      const { kind, node, bytes, most, evicts } = refusal;
      return { kind, node, bytes, most, evicts };
    }
    case 'login-in-clear':
    case 'source-sends-plain':
      return { kind: refusal.kind, source: place(refusal.source) };
    case 'databases-clash': {
      const keys = refusal.keys.map(({ key, databases }) => ({ key, databases }));
      return { kind: refusal.kind, keys, more: refusal.more };
    }
    case 'plan-outdated':
      return { kind: refusal.kind, differences: refusal.differences.map(difference) };
    default:
      return failoverRefusal(refusal);
  }
}

function failoverRefusal(refusal: FailoverRefusal): RefusalDocument {
  switch (refusal.kind) {
    case 'replica-of-nobody':
      return { kind: refusal.kind, node: refusal.node };
    case 'in-doubt':
      return { kind: refusal.kind, findings: refusal.findings.map(bareFinding) };
    case 'not-its-replica':
    case 'replica-without-data':
      return { kind: refusal.kind, node: refusal.node, primary: refusal.primary };
    case 'no-replica-answers':
      return { kind: refusal.kind, primary: refusal.primary };
    case 'replica-unlinked': {
      const { kind, node, primary, syncing } = refusal;
      return { kind, node, primary, syncing };
    }
    case 'replica-too-far-behind': {
      const { kind, node, primary, bytes, most } = refusal;
      return { kind, node, primary, bytes, most };
    }
    case 'primary-silent': {
      const { kind, node, primary, life } = refusal;
      const signs = life && { refused: life.refused, reason: life.reason, heardBy: life.heardBy };
      return { kind, node, primary, life: signs };
    }
    case 'no-majority':
      return { kind: refusal.kind, answering: refusal.answering, voters: refusal.voters };
    case 'sibling-ahead': {
      const { kind, node, sibling, bytes } = refusal;
      return { kind, node, sibling, bytes };
    }
    case 'replica-empty': {
      const { kind, node, primary, expected, by } = refusal;
      return { kind, node, primary, expected, by };
    }
    case 'shard-in-motion':
      return { kind: refusal.kind, primary: refusal.primary, slots: refusal.slots.toJSON() };
    case 'nobody-as-wanted': {
      const { kind, primary, versions, hosts } = refusal;
      return { kind, primary, versions, hosts };
    }
  }
}

function difference(one: PlanDifference): Difference {
  switch (one.kind) {
    case 'slots-elsewhere':
      return { kind: one.kind, slots: one.slots.toJSON(), from: one.from, to: one.to, owner: one.owner };
    case 'target-gone':
    case 'target-replica':
      return { kind: one.kind, node: one.node };
    case 'owner-changed':
      return { kind: one.kind, slots: one.slots.toJSON(), was: one.was, owner: one.owner };
    case 'situation-new': {
      const { kind, situation, nodes, slots } = one;
      return { kind, situation, nodes, slots: slots.toJSON() };
    }
  }
}
