/**
 * From what every node says to what is wrong. Pure: the same snapshot gives the same findings, in the same order.
 * Each rule looks at one thing and knows nothing of the others.
 */
import { type DiagnoseOptions, gatherEvidence, type Rule } from './diagnose/evidence.ts';
import {
  addressesDisagree,
  addressesWrong,
  busLinksDown,
  failedNodes,
  ghosts,
  membersDisagree,
  rolesDisagree,
  statesNotOk,
  statesUnknown,
  unreachableNodes,
  versionsMixed,
} from './diagnose/members.ts';
import { evictingPrimaries } from './diagnose/memory.ts';
import {
  emptyPrimaries,
  replicaLinks,
  replicasOfNobody,
  sharedHosts,
  tooFewReplicas,
} from './diagnose/replicas.ts';
import {
  epochsEqual,
  keysAstray,
  keysUncounted,
  openSlots,
  slotMapsDisagree,
  slotsClaimedTwice,
  uncoveredSlots,
} from './diagnose/slots.ts';
import { type Finding, worstFirst } from './finding.ts';
import type { ClusterSnapshot } from './snapshot.ts';
import { withPassing } from './transient-findings.ts';

export type { DiagnoseOptions } from './diagnose/evidence.ts';

/** Neither lag nor a number of replicas is minded. */
export const NO_WISHES: DiagnoseOptions = { minReplicas: 0, maxReplicaLagBytes: Number.MAX_SAFE_INTEGER };

const RULES: readonly Rule[] = [
  uncoveredSlots,
  slotsClaimedTwice,
  slotMapsDisagree,
  openSlots,
  keysAstray,
  keysUncounted,
  epochsEqual,
  unreachableNodes,
  addressesWrong,
  failedNodes,
  statesNotOk,
  statesUnknown,
  membersDisagree,
  rolesDisagree,
  ghosts,
  busLinksDown,
  versionsMixed,
  addressesDisagree,
  replicasOfNobody,
  replicaLinks,
  tooFewReplicas,
  sharedHosts,
  emptyPrimaries,
  evictingPrimaries,
];

/** What a look brings: what the nodes say, and what is wrong with it. Whoever decides by it gets both, and looks for neither again. */
export interface Examined {
  readonly snapshot: ClusterSnapshot;
  readonly findings: readonly Finding[];
}

export function examine(snapshot: ClusterSnapshot, options = NO_WISHES): Examined {
  return { snapshot, findings: diagnose(snapshot, options) };
}

export function diagnose(snapshot: ClusterSnapshot, options: DiagnoseOptions): Finding[] {
  const evidence = gatherEvidence(snapshot, options);
  return withPassing(worstFirst(RULES.flatMap(rule => rule(evidence))));
}
