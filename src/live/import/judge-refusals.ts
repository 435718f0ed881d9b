/** What a server says no for, when keys are brought to it: whether that passes, and what it means where it does not. */
import { isRefused, NodeError, ServerRefusalError } from '../../resp/errors.ts';
import type { RefusalKind } from '../../resp/refusals.ts';
import { formatAddress } from '../../topology/node.ts';
import { mayPassElsewhere } from '../keys/retry.ts';
import type { Destination } from '../keys/routes.ts';
import { ImportError } from './import-error.ts';

export type Verdict = 'exists' | 'passes';

/** Of a MIGRATE. What neither passes nor can be settled is thrown. */
export function judgeMigrate(refusal: ServerRefusalError, to: Destination): Verdict {
  const { node, text, byTarget } = refusal;
  if (byTarget) return judgeTarget(refusal, to);
  // Whoever looks again looks at the cluster, and not at the source.
  if (isRefused(refusal, 'moved', 'ask'))
    throw new ImportError(
      `slots of the source are on the move: ${node} no longer has all of its keys. Let that end, and run the same command again`,
    );
  if (mayPassElsewhere(refusal)) return 'passes';
  throw new ImportError(`MIGRATE was refused by ${node}: ${text}`);
}

/** What a node of the cluster says itself. */
export function judgeTarget(refusal: ServerRefusalError, to: Destination): Verdict {
  const { kind, said } = refusal;
  if (kind === 'busy-key') return 'exists';
  if (mayPassElsewhere(refusal)) return 'passes';
  throw new ImportError(`${formatAddress(to.address)} takes no keys: ${said}${adviceOn(kind)}`);
}

function adviceOn(kind: RefusalKind): string {
  switch (kind) {
    case 'bad-payload':
      return ' (its version is older than that of the source, or of another kind)';
    case 'no-permission':
      return ' (+restore +restore-asking +select and the keys)';
    case 'no-login':
    case 'wrong-login':
    case 'needless-login':
      return ' (the source logs in there as we do)';
    default:
      return '';
  }
}

/** Why it need not be tried any longer. */
export function unreachableText(text: string, to: Destination): string {
  return `${text}. The source itself must connect to ${to.host}:${to.port}; it cannot, or gets no answer, although this machine does. It uses TLS there only with tls-cluster yes. --through-here passes the values through this machine`;
}

/** A connection to the cluster that was lost: another look tells who is there. */
export function isLost(error: unknown): error is NodeError {
  return error instanceof NodeError && !(error instanceof ServerRefusalError);
}
