/** What a server says no for, when keys are brought to it: whether that passes, and what it means where it does not. */
import { isRefused, type ServerRefusalError } from '../../resp/errors.ts';
import type { RefusalKind } from '../../resp/refusals.ts';
import { mayPassElsewhere } from '../keys/retry-refusals.ts';
import type { Destination } from '../keys/routes.ts';
import { ImportError } from './import-error.ts';

/** Of a MIGRATE. What neither passes nor can be settled is thrown. */
export function judgeMigrate(refusal: ServerRefusalError, to: Destination): 'exists' | 'passes' {
  const { node, text, byTarget } = refusal;
  if (byTarget) return judgeTarget(refusal, to);
  // Whoever looks again looks at the cluster, and not at the source.
  if (isRefused(refusal, 'moved', 'ask')) throw new ImportError({ kind: 'source-slots-moving', node });
  if (mayPassElsewhere(refusal)) return 'passes';
  throw new ImportError({ kind: 'migrate-refused', node, message: text });
}

/** What a node of the cluster says itself. */
export function judgeTarget(refusal: ServerRefusalError, to: Destination): 'exists' | 'passes' {
  const { kind, said } = refusal;
  if (kind === 'busy-key') return 'exists';
  if (mayPassElsewhere(refusal)) return 'passes';
  const hint = HINTS[kind];
  throw new ImportError({ kind: 'keys-refused', at: to.address, message: said, ...(hint && { hint }) });
}

/** What is likely to be wrong then. */
const HINTS: Readonly<Partial<Record<RefusalKind, 'version' | 'rights' | 'login'>>> = {
  'bad-payload': 'version',
  'no-permission': 'rights',
  'no-login': 'login',
  'wrong-login': 'login',
  'needless-login': 'login',
};
