/** What nodes have answered to a command: in the form of `redis-cli --cluster call`, or as JSON. */
import { formatAddress } from '../../topology/node.ts';
import type { Called } from '../../topology/node-order.ts';
import type { Paint } from '../paint.ts';
import { shortId } from './names.ts';

/** A reply as it came; an object with a text is an error. */
export type Answered = Buffer | number | null | { readonly text: string } | readonly Answered[];

export function callHeading(words: readonly string[], paint: Paint): string {
  return `${paint.heading(`>>> Calling ${words.map(safe).join(' ')}`)}\n`;
}

/** `Failed!` is what scripts know; why is said elsewhere. */
export function failedCallLine(node: Called): string {
  return `${nameOf(node)}: Failed!\n`;
}

/** For pipes: what the nodes have sent, byte by byte. */
export function answerBytes(node: Called, reply: Answered): Buffer {
  return Buffer.concat([Buffer.from(`${nameOf(node)}: `), flat(reply), NEWLINE]);
}

/** For people: the same, but for what a terminal would act upon. */
export function answerText(node: Called, reply: Answered): string {
  return `${nameOf(node)}: ${safe(readable(flat(reply)))}\n`;
}

export const NO_ADDRESS = 'its address is unknown';

export function nameOf({ id, address }: Called): string {
  return address ? formatAddress(address) : shortId(id);
}

const NEWLINE = Buffer.from('\n');
const NOTHING = Buffer.alloc(0);

/** Elements one below the other, however deep they are; behind an error there is an empty line. */
function flat(reply: Answered): Buffer {
  if (reply === null) return NOTHING;
  if (Buffer.isBuffer(reply)) return reply;
  if (typeof reply === 'number') return Buffer.from(`${reply}`);
  if (isError(reply)) return Buffer.from(`${reply.text}\n`);
  return Buffer.concat(reply.flatMap((part, i) => (i === 0 ? [flat(part)] : [NEWLINE, flat(part)])));
}

export function isError(reply: Answered): reply is { readonly text: string } {
  return typeof reply === 'object' && reply !== null && !Array.isArray(reply) && !Buffer.isBuffer(reply);
}

/** As text where it is some; else every byte stands for the character of its number. */
function readable(bytes: Buffer): string {
  return utf8Of(bytes) ?? bytes.toString('latin1').replace(/[\x80-\xff]/g, escapeOf);
}

export function utf8Of(bytes: Buffer): string | undefined {
  const text = bytes.toString('utf8');
  return Buffer.from(text).equals(bytes) ? text : undefined;
}

function safe(text: string): string {
  return text.replace(/\r\n/g, '\n').replace(/[^\P{C}\n\t]/gu, escapeOf);
}

function escapeOf(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  return code < 256 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`;
}
