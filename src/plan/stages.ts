/** Lists of stages: made, and compared. */
import type { Plan, Stage } from './step.ts';

/** Whether two plans come to the same, however the cluster looked when they were made. */
export function sameStages(a: Plan, b: Plan): boolean {
  const said = ({ stages, remarks }: Plan) => JSON.stringify([stages, remarks]);
  return said(a) === said(b);
}

/** Stages without steps are no stages. */
export function inStages(...all: readonly Stage[]): Stage[] {
  return all.filter(stage => stage.length > 0);
}
