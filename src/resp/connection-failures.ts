/** What is said of a connection that fails, by what it had come to. */
import { ConnectionLostError, type NodeError, ProtocolError } from './errors.ts';
import type { FramingError } from './framer.ts';
import type { Wire } from './other-protocol.ts';
import { excerpt } from './reply.ts';
import { connectError, LONGEST_REASON } from './socket.ts';

export interface Progress {
  readonly tls: boolean;
  /** A stream of bytes, whatever is spoken over it. */
  readonly isConnected: boolean;
  /** Commands can be sent. */
  readonly isReady: boolean;
  /** Bytes came that were no failure: before, a broken connection is one that never came about. */
  readonly isAnswered: boolean;
}

/** An alert record is what a TLS port may answer to plain text. */
const TLS_ALERT = 0x15;

export function brokenOff(
  name: string,
  error: Error & { code?: string },
  { tls, isReady, isAnswered }: Progress,
): NodeError {
  return isReady && !(tls && !isAnswered)
    ? new ConnectionLostError(name, `the connection broke: ${excerpt(error.message, LONGEST_REASON)}`)
    : connectError(name, error, tls);
}

/** `during`: the command that was to be answered. */
export function hungUp(name: string, during: string | undefined): NodeError {
  const instead = during === undefined ? '' : ` instead of answering ${during}`;
  return new ConnectionLostError(name, `the node closed the connection${instead}`);
}

export function notUnderstood(
  name: string,
  { fault, message }: FramingError,
  chunk: Buffer,
  { isAnswered }: Progress,
): NodeError {
  const hint = chunk[0] === TLS_ALERT && !isAnswered ? '; is this a TLS port (--tls)?' : '';
  return new ProtocolError(name, `${fault}: ${message}${hint}`);
}

/** What the port may speak instead of what it was asked in, as far as that can be told from how it failed. */
export function perhapsSpeaks(
  failure: NodeError | undefined,
  { tls, isConnected, isReady, isAnswered }: Progress,
): Wire | undefined {
  if (!failure || isAnswered || !isConnected) return undefined;
  if (tls) return isReady ? undefined : 'plain';
  return failure instanceof ConnectionLostError || failure instanceof ProtocolError ? 'tls' : undefined;
}
