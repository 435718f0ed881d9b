/** The steps at which nodes come to be one cluster, and to agree on what has been done. */
import type { Note } from '../../plan/note.ts';
import type { PlanEvent, Problem, Step } from '../../plan/step.ts';
import type { Fleet } from '../../resp/fleet.ts';
import type { Tell } from '../event-stream.ts';
import { type Agreement, type AgreementWanted, awaitAgreement, type WaitOptions } from './agreement.ts';
import { awaitUnbanned } from './unbanned.ts';

interface AgreementRun extends WaitOptions {
  readonly fleet: Fleet;
  readonly note: (note: Note) => void;
}

export async function join(
  { members, introductions, newcomers }: Extract<Step, { kind: 'join' }>,
  run: AgreementRun,
): Promise<Problem | undefined> {
  const by = await awaitUnbanned(run.fleet, members, newcomers, run);
  if (by.length > 0) return { kind: 'banned', by, waitedMs: run.timeoutMs };
  const concerned = new Set(newcomers);
  const wanted = { members, introductions, concerned, goal: 'members', wantsOk: false } as const;
  return problemIn(await awaitAgreement(run.fleet, wanted, run), run);
}

export async function agree(
  step: Extract<Step, { kind: 'agree' }>,
  run: AgreementRun & { readonly waitsForCopies: boolean; readonly tell: Tell<PlanEvent> },
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

function problemIn({ gaps }: Agreement, { timeoutMs }: WaitOptions): Problem | undefined {
  return gaps.length === 0 ? undefined : { kind: 'no-agreement', gaps, waitedMs: timeoutMs };
}
