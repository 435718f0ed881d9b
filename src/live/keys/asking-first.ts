/** A node that only imports a slot shows its keys to those who say ASKING before each command. */
import type { Command } from '../../resp/command.ts';
import { asking } from '../../resp/commands/slots.ts';
import { ServerRefusalError } from '../../resp/errors.ts';
import type { Lane } from '../../resp/fleet.ts';

/** What is enough to read and compare keys. */
export type Line = Pick<Lane, 'send' | 'sendEach'>;

export function askingFirst(line: Line): Line {
  const send = async <T>(command: Command<T>): Promise<T> => {
    // A user who may not ask is sent elsewhere, which is not what is wrong.
    const [, reply] = await Promise.all([line.send(asking()), line.send(command)]);
    return reply;
  };
  return {
    send,
    sendEach: commands => Promise.all(commands.map(command => orRefusal(send(command)))),
  };
}

/** A refusal is an answer, too. */
export async function orRefusal<T>(reply: Promise<T>): Promise<T | ServerRefusalError> {
  try {
    return await reply;
  } catch (error) {
    if (error instanceof ServerRefusalError) return error;
    throw error;
  }
}
