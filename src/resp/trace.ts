/** `--trace`: every command and reply, with node and time. Secrets are hidden in both directions. */
import { type Command, showWords } from './command.ts';
import { scrubbed } from './credentials.ts';
import type { NodeError } from './errors.ts';
import { ErrorReply, escaped, type Reply } from './reply.ts';

const MAX_REPLY_LENGTH = 2000;

/** Told of everything that goes over the wire. */
export interface WireObserver {
  sent(node: string, command: Command<unknown>): void;
  received(node: string, command: Command<unknown>, reply: Reply, tookMs: number): void;
  failed(node: string, error: NodeError): void;
}

export function traceTo(write: (line: string) => void): WireObserver {
  const startedAt = performance.now();
  const line = (node: string, arrow: string, text: string) => {
    const ms = (performance.now() - startedAt).toFixed(1).padStart(8);
    write(`${ms} ms  ${node} ${arrow} ${text}\n`);
  };
  return {
    sent: (node: string, command: Command<unknown>) => line(node, '>', scrubbed(showWords(command))),
    received: (node: string, _command: Command<unknown>, reply: Reply, tookMs: number) =>
      line(node, '<', `${shorten(showReply(reply))} (${tookMs.toFixed(1)} ms)`),
    failed: (node: string, error: NodeError) => line(node, '!', error.message),
  };
}

/** Passwords go before anything is escaped or cut. */
function showReply(reply: Reply): string {
  if (reply === null) return '(nil)';
  if (typeof reply === 'number') return `(integer) ${reply}`;
  if (reply instanceof ErrorReply) return `(error) ${escaped(scrubbed(reply.text))}`;
  if (Buffer.isBuffer(reply)) return escaped(scrubbed(reply.toString('utf8')));
  return `[${(reply as readonly Reply[]).map(element => showReply(element)).join(', ')}]`;
}

function shorten(text: string): string {
  if (text.length <= MAX_REPLY_LENGTH) return text;
  return `${text.slice(0, MAX_REPLY_LENGTH)}… ${text.length - MAX_REPLY_LENGTH} more characters`;
}
