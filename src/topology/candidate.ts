/** A node that somebody wants to have in a cluster, as it is before it joins. */
import type { Member } from './agreement.ts';
import type { Address, MeetingPoint } from './node.ts';
import type { NodeView } from './snapshot.ts';

/** What a node has to have in common with a cluster that it joins. */
export interface Traits {
  /** Function libraries by name, with their code; absent where servers have none, or the user may not ask. */
  readonly functions?: ReadonlyMap<string, string>;
  /** The server has functions, and the user may not ask for them. */
  readonly functionsHidden?: boolean;
  /** Whether the bus speaks TLS; absent where that may not be asked. */
  readonly tlsBus?: boolean;
}

export interface Candidate extends Traits {
  /** Where the person said it is. */
  readonly asked: Address;
  readonly view: NodeView;
  readonly meetAt: MeetingPoint;
}

export interface SilentCandidate {
  readonly asked: Address;
  /** What its host name means, as far as that is known: the others know it by that. */
  readonly ip: string;
  readonly reason: string;
  /** It answers, and is a server by itself. */
  readonly hasNoCluster?: boolean;
  /** It is loading its data, and can be asked later. */
  readonly loading: boolean;
}

export type Applicant = Candidate | SilentCandidate;

export function isCandidate(node: Applicant): node is Candidate {
  return 'view' in node;
}

export function isSilent(node: Applicant): node is SilentCandidate {
  return !isCandidate(node);
}

export function asMember({ view, meetAt }: Candidate): Member {
  return { id: view.id, address: view.address, meetAt };
}
