/** What went wrong with a step, as the plan's own words have it. */
import type { Problem } from '../plan/step.ts';
import { ConnectionLostError, InterruptedError, NodeError } from '../resp/errors.ts';
import type { Agreement } from './await/agreement.ts';
import { FileError } from './files/whole-file.ts';
import { MoveError } from './move/move-error.ts';

export function problemOf(error: unknown): Problem {
  if (error instanceof InterruptedError) return { kind: 'interrupted' };
  if (error instanceof MoveError) return { kind: 'move', why: error.problem };
  if (error instanceof FileError) return { kind: 'move', why: { kind: 'file', message: error.message } };
  if (error instanceof NodeError) return { kind: 'node', node: error.node, message: error.message };
  throw error;
}

export function noAgreement({ gaps }: Agreement, waitedMs: number): Problem | undefined {
  return gaps.length === 0 ? undefined : { kind: 'no-agreement', gaps, waitedMs };
}

/** A server that shuts down closes the connection instead of answering. */
export async function unlessGone(reply: Promise<void>): Promise<void> {
  try {
    await reply;
  } catch (error) {
    if (!(error instanceof ConnectionLostError)) throw error;
  }
}
