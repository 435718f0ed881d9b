/** The step at which nodes come to agree on what has been done. */
import type { Note } from '../../plan/note.ts';
import type { PlanEvent, Problem, Step } from '../../plan/step.ts';
import type { NodeError } from '../../resp/errors.ts';
import type { Fleet } from '../../resp/fleet.ts';
import type { Member } from '../../topology/agreement.ts';
import type { Tell } from '../event-stream.ts';
import { noAgreement } from '../problem-of.ts';
import { awaitAgreement, type Patience } from './agreement.ts';

interface Agreeing {
  readonly fleet: Fleet;
  readonly patience: Patience;
  readonly waitsForCopies: boolean;
  readonly note: (note: Note) => void;
  readonly tell: Tell<PlanEvent>;
}

export async function agree(
  step: Extract<Step, { kind: 'agree' }>,
  { fleet, patience, waitsForCopies, note, tell }: Agreeing,
): Promise<Problem | undefined> {
  const { members, wantsOk, sparesSilent = false } = step;
  const spare = ({ node, message }: NodeError) => {
    note({ kind: 'learns-when-back', node, message });
  };
  const stateless = (nodes: readonly Member[]) =>
    note({ kind: 'state-unknown', nodes: nodes.map(({ address }) => address) });
  const gathering = {
    members,
    introductions: [],
    concerned: new Set(step.concerned),
    goal: 'roles',
    wantsOk,
    stateless,
    wantsCopies: step.wantsCopies || waitsForCopies,
    ...(sparesSilent && { spare }),
  } as const;
  const agreement = await awaitAgreement(fleet, gathering, patience);
  const { gaps, copies } = agreement;
  if (gaps.length === 0 && copies.length > 0) tell({ kind: 'copying', step, copies });
  return noAgreement(agreement, patience.timeoutMs);
}
