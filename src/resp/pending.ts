/** Commands that were sent, and who waits for the replies. */
import { type Command, commandName } from './command.ts';
import { scrubbed } from './credentials.ts';
import { ServerRefusalError, UnexpectedReplyError } from './errors.ts';
import { ErrorReply, type Reply, ReplyShapeError } from './reply.ts';

export interface Pending {
  readonly command: Command<unknown>;
  readonly sentAt: number;
  readonly waiting: Waiting;
}

/** Who waits for a reply, or for several. */
export interface Waiting {
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

export type WaitingFor<T> = (
  count: number,
  resolve: (values: T[]) => void,
  reject: (error: unknown) => void,
) => Waiting;

/** Waits for so many replies. The first refusal is that of all, told when nothing is under way any more. */
export function waitingForAll<T>(
  count: number,
  resolve: (values: T[]) => void,
  reject: (error: unknown) => void,
): Waiting {
  const values: T[] = [];
  const refusals: unknown[] = [];
  const settle = () => {
    if (values.length + refusals.length < count) return;
    if (refusals.length > 0) reject(refusals[0]);
    else resolve(values);
  };
  return {
    resolve(value) {
      values.push(value as T);
      settle();
    },
    reject(error) {
      refusals.push(error);
      settle();
    },
  };
}

/** Waits for so many replies, in their order, with refusals among them. Any other failure is that of all. */
export function waitingForEach<T>(
  count: number,
  resolve: (answers: (T | ServerRefusalError)[]) => void,
  reject: (error: unknown) => void,
): Waiting {
  const answers: (T | ServerRefusalError)[] = [];
  const failures: unknown[] = [];
  const settle = () => {
    if (answers.length + failures.length < count) return;
    if (failures.length > 0) reject(failures[0]);
    else resolve(answers);
  };
  return {
    resolve(value) {
      answers.push(value as T);
      settle();
    },
    reject(error) {
      if (error instanceof ServerRefusalError) answers.push(error);
      else failures.push(error);
      settle();
    },
  };
}

/** Returns the refusal, where it is one. */
export function deliver(
  { command, waiting }: Pending,
  reply: Reply,
  node: string,
): ServerRefusalError | undefined {
  if (reply instanceof ErrorReply && !command.takesErrors) {
    const refusal = new ServerRefusalError(node, commandName(command), reply.text);
    waiting.reject(refusal);
    return refusal;
  }
  try {
    waiting.resolve(command.decode(reply));
  } catch (error) {
    const misshapen = error instanceof ReplyShapeError;
    waiting.reject(
      misshapen ? new UnexpectedReplyError(node, commandName(command), scrubbed(error.message)) : error,
    );
  }
  return undefined;
}
