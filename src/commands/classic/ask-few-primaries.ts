/** Fewer than three primaries: since 8.1 valkey-cli asks whether that is meant, and scripts have their answer ready. */
import type { Decision, Refusal } from '../../plan/refusal.ts';
import { fewPrimariesRequested } from '../../report/text/create.ts';
import { InterruptedError } from '../../resp/errors.ts';
import { type Applicant, isCandidate } from '../../topology/candidate.ts';
import { isSince } from '../../topology/releases.ts';
import type { Context } from '../context.ts';

type TooFew = Extract<Refusal, { kind: 'too-few-primaries' }>;

const QUESTION = 'Valkey cluster requires at least 3 primary nodes for automatic failover. Are you sure?';

export interface FewPrimaries {
  readonly decision: Decision<unknown>;
  readonly nodes: readonly Applicant[];
  /** Agreed beforehand, or only looked at. */
  readonly isAgreed: boolean;
  readonly json: boolean;
}

/** Only where we stand in for it, and only where nothing else stands against it; everywhere else it is refused. */
export async function mayHaveFewPrimaries(
  { decision, nodes, isAgreed, json }: FewPrimaries,
  { terminal, isTheirTool = false }: Context,
): Promise<boolean> {
  const few = onlyTooFew(decision);
  if (!isTheirTool || !few || !nodes.every(isRecentValkey)) return false;
  if (!json) terminal.print(fewPrimariesRequested(few));
  if (isAgreed) return true;
  const answer = await terminal.confirm(QUESTION);
  if (answer === 'interrupted') throw new InterruptedError();
  return answer === 'yes';
}

function onlyTooFew(decision: Decision<unknown>): TooFew | undefined {
  if (decision.kind !== 'refused') return undefined;
  const [refusal, ...others] = decision.refusals;
  return refusal?.kind === 'too-few-primaries' && refusal.primaries > 0 && others.length === 0
    ? refusal
    : undefined;
}

function isRecentValkey(node: Applicant): boolean {
  return isCandidate(node) && isSince(node.view.server, { valkey: [8, 1] });
}
