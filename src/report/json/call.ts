/** `call` for programs, in parts: together the replies may be more than one string can hold. */
import { formatAddress } from '../../topology/node.ts';
import type { Called } from '../../topology/node-order.ts';
import { type Answered, isError, NO_ADDRESS, utf8Of } from '../text/call.ts';
import type { NotAsked } from './check.ts';
import { FORMAT_VERSION, type Id } from './document.ts';

/** Bytes that are no text, and errors inside arrays, are objects: the protocol has none of its own. */
export type CallReply =
  | string
  | number
  | null
  | { readonly base64: string }
  | { readonly error: string }
  | readonly CallReply[];

type CallNode = {
  readonly id: Id;
  readonly address?: string | undefined;
  readonly role: 'primary' | 'replica' | 'stranger';
} & (
  | { readonly ok: true; readonly reply: CallReply }
  | { readonly ok: false; readonly error: string }
  | { readonly ok: false; readonly reason: string }
);

export type CallDocument = { readonly format: 'slotctl-call' } & (
  | {
      readonly version: 1;
      readonly command: readonly string[];
      readonly nodes: readonly CallNode[];
      readonly failed: number;
      readonly interrupted?: true;
    }
  | NotAsked
);

/** Without a reason for there being no reply, nobody knows the node's address. */
type Outcome = { readonly reply: Answered } | { readonly reason?: string };

export function callDocumentHead(words: readonly string[]): string {
  return `{"format":"slotctl-call","version":${FORMAT_VERSION},"command":${json(words)},"nodes":[`;
}

export function callDocumentEntry({ id, address, role }: Called, outcome: Outcome, isFirst: boolean): string {
  const node: CallNode = { id, address: address && formatAddress(address), role, ...said(outcome) };
  return `${isFirst ? '' : ','}\n${json(node)}`;
}

export function callDocumentTail(failed: number, interrupted: boolean): string {
  return `\n],${json({ failed, ...(interrupted && { interrupted }) }).slice(1)}\n`;
}

function said(outcome: Outcome) {
  if (!('reply' in outcome)) return { ok: false, reason: outcome.reason ?? NO_ADDRESS } as const;
  const { reply } = outcome;
  return isError(reply)
    ? ({ ok: false, error: reply.text } as const)
    : ({ ok: true, reply: asReply(reply) } as const);
}

function asReply(reply: Answered): CallReply {
  if (reply === null || typeof reply === 'number') return reply;
  if (Buffer.isBuffer(reply)) return utf8Of(reply) ?? { base64: reply.toString('base64') };
  return isError(reply) ? { error: reply.text } : reply.map(asReply);
}

/** JSON leaves some characters alone that a terminal acts upon. */
function json(value: unknown): string {
  return JSON.stringify(value).replace(/\p{C}/gu, character =>
    Array.from({ length: character.length }, (_, i) => character.charCodeAt(i).toString(16).padStart(4, '0'))
      .map(digits => `\\u${digits}`)
      .join(''),
  );
}
