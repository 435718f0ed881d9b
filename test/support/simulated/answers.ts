/** Replies as the servers form them. */
import { ErrorReply, type Reply } from '../../../src/resp/reply.ts';

export const OK: Reply = Buffer.from('OK');

export function refusal(text: string): ErrorReply {
  return new ErrorReply(text);
}

export function err(text: string): ErrorReply {
  return new ErrorReply(`ERR ${text}`);
}

export function bytes(latin1: string): Buffer {
  return Buffer.from(latin1, 'latin1');
}
