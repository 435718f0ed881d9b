/** Why a move of slots stops. What was moved is moved; what is open is said. */
import type { MoveProblem } from '../../plan/slots/move-problem.ts';
import type { NodeError } from '../../resp/errors.ts';
import type { NodeId } from '../../topology/node.ts';
import type { Alarm } from '../../topology/server-changes.ts';
import type { ClusterSnapshot, NodeView } from '../../topology/snapshot.ts';
import { ProblemError } from '../problem-error.ts';

export class MoveError extends ProblemError<MoveProblem> {}

/** The servers cannot move the slots by themselves, nothing is under way, and MIGRATE may work. */
export class NotAtomicallyError extends MoveError {}

/** No more keys are to be sent to a node, or from it. */
export class AlarmError extends MoveError {
  constructor(node: string, alarm: Alarm) {
    super({ kind: 'alarm', node, alarm });
  }
}

/** What a node has said of itself in the look that a plan was made from. */
export function viewIn({ views }: ClusterSnapshot, id: NodeId): NodeView {
  const view = views.find(candidate => candidate.id === id);
  if (!view) throw new MoveError({ kind: 'silent', node: id });
  return view;
}

export function nodeProblem({ node, message }: NodeError): MoveProblem {
  return { kind: 'node', node, message };
}
