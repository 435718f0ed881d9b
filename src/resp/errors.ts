/**
 * What can go wrong between us and a node. Every class knows the node; those that belong to a command know which one
 * and never its arguments, which may be keys or secrets.
 */
import { type RefusalKind, readRefusal, type ServerRefusal } from './refusals.ts';
import { excerpt } from './reply.ts';

export abstract class NodeError extends Error {
  readonly node: string;

  constructor(node: string, message: string) {
    // The last net: whatever sockets, certificates and resolvers say, it does not move a cursor.
    super(message.replace(/\p{Cc}/gu, ' '));
    this.name = new.target.name;
    this.node = node;
  }
}

/** No connection came about: refused, unknown host, TLS handshake failed, or nobody answered in time. */
export class ConnectError extends NodeError {}

export class ConnectTimeoutError extends ConnectError {
  constructor(node: string, waitedMs: number) {
    super(node, `no connection within ${formatMs(waitedMs)}`);
  }
}

export class TlsError extends ConnectError {}

/** The connection was there and is gone. */
export class ConnectionLostError extends NodeError {}

export class ReplyTimeoutError extends NodeError {
  constructor(node: string, command: string, waitedMs: number) {
    super(node, `no reply to ${command} within ${formatMs(waitedMs)}`);
  }
}

/** Bytes that no Redis or Valkey server sends. */
export class ProtocolError extends NodeError {}

/** A well-formed reply that is not what the command's reply looks like. */
export class UnexpectedReplyError extends NodeError {
  constructor(node: string, command: string, problem: string) {
    super(node, `unexpected reply to ${command}: ${problem}`);
  }
}

export function unasked(node: string): ProtocolError {
  return new ProtocolError(node, 'it sent a reply that nobody asked for');
}

/** The server said no. */
export class ServerRefusalError extends NodeError implements ServerRefusal {
  readonly kind: RefusalKind;
  readonly byTarget: boolean;
  readonly said: string;
  /** The server's own text, fit to be shown. */
  readonly text: string;

  constructor(node: string, command: string, text: string) {
    const shown = excerpt(text, MAX_SHOWN);
    super(node, `${command} was refused: ${shown}`);
    const { kind, byTarget, said } = readRefusal(text);
    this.kind = kind;
    this.byTarget = byTarget;
    this.said = excerpt(said, MAX_SHOWN);
    this.text = shown;
  }
}

export function isRefused(error: unknown, ...kinds: readonly RefusalKind[]): error is ServerRefusalError {
  return error instanceof ServerRefusalError && kinds.includes(error.kind);
}

/** Undefined for a refusal of one of these kinds. */
export async function unlessRefused<T>(
  reply: Promise<T>,
  ...kinds: readonly RefusalKind[]
): Promise<T | undefined> {
  try {
    return await reply;
  } catch (error) {
    if (isRefused(error, ...kinds)) return undefined;
    throw error;
  }
}

/** No answer has come. */
export function isLost(error: unknown): error is NodeError {
  const isGarbled = error instanceof ProtocolError || error instanceof UnexpectedReplyError;
  return isLostOrGarbled(error) && !isGarbled;
}

/**
 * Or none that can be read: for those who only ask, or who look at the cluster again before they send anything. Who goes on
 * sending to the same server ends at what that does not get right.
 */
export function isLostOrGarbled(error: unknown): error is NodeError {
  return error instanceof NodeError && !(error instanceof ServerRefusalError);
}

/** Of what a server says. MIGRATE quotes another server's error behind its own words. */
const MAX_SHOWN = 300;

/** The person pressed Ctrl-C, or the work was called off otherwise. */
export class InterruptedError extends Error {
  constructor() {
    super('interrupted');
    this.name = 'InterruptedError';
  }
}

function formatMs(ms: number): string {
  return ms >= 1000 ? `${Number((ms / 1000).toFixed(1))} s` : `${Math.round(ms)} ms`;
}
