/** Commands that were sent, and who waits for the replies. */
import { type Command, commandName } from './command.ts';
import { scrubbed } from './credentials.ts';
import { ServerRefusalError, UnexpectedReplyError } from './errors.ts';
import { ErrorReply, type Reply, ReplyShapeError } from './reply.ts';

export interface Pending {
  readonly command: Command<unknown>;
  readonly sentAt: number;
  readonly waiting: Waiter;
}

/** Who waits for a reply, or for several. */
export interface Waiter {
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

/** Whether one who waits for several replies takes refusals among them for answers like the others. */
export type RefusalsAre = 'answers' | 'failures';

/** Waits for so many replies, in their order. Fails with the first failure, when nothing is under way any more. */
export function waitingFor<T>(
  count: number,
  refusalsAre: RefusalsAre,
  resolve: (answers: T[]) => void,
  reject: (error: unknown) => void,
): Waiter {
  const answers: T[] = [];
  const failures: unknown[] = [];
  const add = (to: unknown[], one: unknown) => {
    to.push(one);
    if (answers.length + failures.length < count) return;
    if (failures.length > 0) reject(failures[0]);
    else resolve(answers);
  };
  return {
    resolve: value => add(answers, value),
    reject: error =>
      add(refusalsAre === 'answers' && error instanceof ServerRefusalError ? answers : failures, error),
  };
}

/** Returns the refusal, where it is one. */
export function deliver(
  { command, waiting }: Pending,
  reply: Reply,
  node: string,
): ServerRefusalError | undefined {
  try {
    waiting.resolve(readReply(command, reply, node));
    return undefined;
  } catch (error) {
    waiting.reject(error);
    return error instanceof ServerRefusalError ? error : undefined;
  }
}

/** What the command makes of the reply; throws where the server refuses, or answers something else. */
export function readReply<T>(command: Command<T>, reply: Reply, node: string): T {
  if (reply instanceof ErrorReply && !command.takesErrors)
    throw new ServerRefusalError(node, commandName(command), reply.text);
  try {
    return command.decode(reply);
  } catch (error) {
    if (!(error instanceof ReplyShapeError)) throw error;
    throw new UnexpectedReplyError(node, commandName(command), scrubbed(error.message));
  }
}
