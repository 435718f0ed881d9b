/** Why a move of slots stops. What was moved is moved; what is open is said. */
import type { MoveProblem } from '../../plan/slots/move-problem.ts';
import type { NodeError } from '../../resp/errors.ts';
import type { Alarm } from '../../topology/server-changes.ts';

export class MoveError extends Error {
  readonly problem: MoveProblem;

  constructor(problem: MoveProblem) {
    super(problem.kind);
    this.problem = problem;
  }
}

/** The servers cannot move the slots by themselves, nothing is under way, and MIGRATE may work. */
export class NotAtomicallyError extends MoveError {}

/** No more keys are to be sent to a node, or from it. */
export class AlarmError extends MoveError {
  constructor(node: string, alarm: Alarm) {
    super({ kind: 'alarm', node, alarm });
  }
}

export function nodeProblem({ node, message }: NodeError): MoveProblem {
  return { kind: 'node', node, message };
}
