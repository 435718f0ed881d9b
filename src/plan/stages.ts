/** Lists of stages: made, and compared. */
import { membersOf } from '../topology/members.ts';
import type { NodeId } from '../topology/node.ts';
import type { ClusterSnapshot } from '../topology/snapshot.ts';
import type { Plan, Stage, Step } from './step.ts';

/** Whether two plans come to the same, however the cluster looked when they were made. */
export function sameStages(a: Plan, b: Plan): boolean {
  const said = ({ stages, remarks }: Plan) => JSON.stringify([stages, remarks]);
  return said(a) === said(b);
}

/** Stages without steps are no stages. */
export function inStages(...all: readonly Stage[]): Stage[] {
  return all.filter(stage => stage.length > 0);
}

type AgreeStep = Extract<Step, { kind: 'agree' }>;

/** Among all who answer; that data is on its way is enough unless it says otherwise. */
export function agreeStep(
  snapshot: ClusterSnapshot,
  concerned: readonly NodeId[],
  wishes: Pick<AgreeStep, 'wantsOk' | 'sparesSilent'> & Partial<Pick<AgreeStep, 'wantsCopies'>>,
): AgreeStep {
  return { kind: 'agree', members: membersOf(snapshot), concerned, wantsCopies: false, ...wishes };
}
