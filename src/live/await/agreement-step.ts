/** The steps at which nodes come to be one cluster, and to agree on what has been done. */
import type { PlanEvent, Problem, Step } from '../../plan/step.ts';
import type { Tell } from '../event-stream.ts';
import { type Agreement, type AgreementWanted, awaitAgreement, type StepRun } from './agreement.ts';
import { awaitUnbanned } from './ban-lifted.ts';

export async function join(
  { members, introductions, newcomers }: Extract<Step, { kind: 'join' }>,
  run: StepRun,
): Promise<Problem | undefined> {
  const by = await awaitUnbanned(run.fleet, members, newcomers, run);
  if (by.length > 0) return { kind: 'banned', by, waitedMs: run.timeoutMs };
  const concerned = new Set(newcomers);
  const wanted = { members, introductions, concerned, goal: 'members', wantsOk: false } as const;
  return problemIn(await awaitAgreement(run.fleet, wanted, run), run);
}

export async function agree(
  step: Extract<Step, { kind: 'agree' }>,
  run: StepRun & { readonly waitsForCopies: boolean; readonly tell: Tell<PlanEvent> },
): Promise<Problem | undefined> {
  const { fleet, note, waitsForCopies, tell } = run;
  const { members, wantsOk, sparesSilent = false } = step;
  const wanted: AgreementWanted = {
    members,
    introductions: [],
    concerned: new Set(step.concerned),
    goal: 'roles',
    wantsOk,
    wantsCopies: step.wantsCopies || waitsForCopies,
    stateless: nodes => note({ kind: 'state-unknown', nodes: nodes.map(({ address }) => address) }),
    ...(sparesSilent && { spare: ({ node, message }) => note({ kind: 'learns-when-back', node, message }) }),
  };
  const agreement = await awaitAgreement(fleet, wanted, run);
  const { gaps, copies } = agreement;
  if (gaps.length === 0 && copies.length > 0) tell({ kind: 'copying', step, copies });
  return problemIn(agreement, run);
}

function problemIn({ gaps }: Agreement, { timeoutMs }: StepRun): Problem | undefined {
  return gaps.length === 0 ? undefined : { kind: 'no-agreement', gaps, waitedMs: timeoutMs };
}
