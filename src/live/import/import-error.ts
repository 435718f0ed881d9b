/** What ends an import before its end. */
import type { ImportProblem } from '../../plan/transfer/import-events.ts';
import type { Alarm } from '../../topology/server-changes.ts';

/** Why an import stops. What has arrived has arrived. */
export class ImportError extends Error {
  readonly problem: ImportProblem;

  constructor(problem: ImportProblem) {
    super(problem.kind);
    this.problem = problem;
  }
}

/** A node of the cluster is not to be sent any more: it evicts, is full, or was started again. */
export class ImportAlarmError extends Error {
  readonly alarm: Alarm;

  constructor(alarm: Alarm) {
    super(alarm.kind);
    this.alarm = alarm;
  }
}

/** Nothing new is to be begun. */
export class StoppingError extends Error {}
