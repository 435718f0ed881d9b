/** `set-timeout` for programs. */
import type { TimeoutAt } from '../../plan/timeout-at.ts';
import { formatAddress } from '../../topology/node.ts';
import { describeTimeoutProblem } from '../text/set-timeout.ts';
import type { NotAsked } from './check.ts';
import { asDocument, FORMAT_VERSION, type Id } from './document.ts';

export type SetTimeoutDocument = { readonly format: 'slotctl-set-timeout' } & (
  | {
      readonly version: 1;
      readonly timeoutMs: number;
      readonly dryRun: boolean;
      readonly failed: number;
      readonly nodes: readonly {
        readonly id: Id;
        readonly address?: string | undefined;
        readonly ok: boolean;
        readonly beforeMs?: number | undefined;
        readonly nowMs?: number | undefined;
        readonly saved?: boolean | undefined;
        readonly problem?: string | undefined;
      }[];
    }
  | NotAsked
);

export function timeoutDocument(all: readonly TimeoutAt[], timeoutMs: number, dryRun: boolean): string {
  const nodes = all.map(({ node: { id, address }, beforeMs, nowMs, saved, problem: why }) => {
    const problem = why && describeTimeoutProblem(why);
    return { id, address: address && formatAddress(address), ok: !why, beforeMs, nowMs, saved, problem };
  });
  const document: SetTimeoutDocument = {
    format: 'slotctl-set-timeout',
    version: FORMAT_VERSION,
    timeoutMs,
    dryRun,
    failed: nodes.filter(({ ok }) => !ok).length,
    nodes,
  };
  return asDocument(document);
}
