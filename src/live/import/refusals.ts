/** What a server says no for, when keys are brought to it: whether that passes, and what it means where it does not. */
import { NodeError, type ServerRefusalError } from '../../resp/errors.ts';
import { formatAddress } from '../../topology/node.ts';
import type { Destination } from '../keys/routes.ts';
import { ImportError } from './import-error.ts';

const FROM_TARGET = /Target instance replied with error: (.*)$/;

/** Slots that move, nodes that take over, servers that load: over in a while. */
const PASSING = /^(MOVED|ASK|TRYAGAIN|CLUSTERDOWN|LOADING|READONLY|MASTERDOWN|NOREPLICAS|BUSY|IOERR)\b/;

export type Verdict = 'exists' | 'passes';

/** Of a MIGRATE. What neither passes nor can be settled is thrown. */
export function judgeMigrate({ node, text }: ServerRefusalError, to: Destination): Verdict {
  const fromTarget = FROM_TARGET.exec(text)?.[1];
  if (fromTarget !== undefined) return judgeTarget(fromTarget, to);
  if (/^(MOVED|ASK)\b/.test(text))
    throw new ImportError(
      `slots of the source are on the move: ${node} no longer has all of its keys. Let that end, and run the same command again`,
    );
  if (PASSING.test(text)) return 'passes';
  throw new ImportError(`MIGRATE was refused by ${node}: ${text}`);
}

/** What a node of the cluster says itself. */
export function judgeTarget(text: string, to: Destination): Verdict {
  if (/^BUSYKEY\b/.test(text)) return 'exists';
  if (PASSING.test(text)) return 'passes';
  throw new ImportError(`${formatAddress(to.address)} takes no keys: ${text}${adviceOn(text)}`);
}

function adviceOn(text: string): string {
  if (/payload version|Bad data format/.test(text))
    return ' (its version is older than that of the source, or of another kind)';
  if (/NOPERM/.test(text)) return ' (+restore +restore-asking +select and the keys)';
  if (/NOAUTH|WRONGPASS|Client sent AUTH/.test(text)) return ' (the source logs in there as we do)';
  return '';
}

/** Why it could not be done, after it was tried for long. */
export function adviceAfterAll(text: string, to: Destination | undefined): string {
  return to && /\bIOERR\b/.test(text) ? `. ${unreachableAdvice(to)}` : '';
}

/** Why it need not be tried any longer. */
export function unreachableText(text: string, to: Destination): string {
  return `${text}. ${unreachableAdvice(to)}`;
}

function unreachableAdvice(to: Destination): string {
  return `The source itself must connect to ${to.host}:${to.port}; it cannot, or gets no answer, although this machine does. It uses TLS there only with tls-cluster yes. --through-here passes the values through this machine`;
}

/** A connection to the cluster that was lost: another look tells who is there. */
export function isLost(error: unknown): error is NodeError {
  return error instanceof NodeError && error.name !== 'ServerRefusalError';
}
