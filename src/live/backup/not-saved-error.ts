import type { BackupProblem } from '../../plan/transfer/backup.ts';

/** The data of a node are not saved, though neither it nor the disk has failed. */
export class NotSavedError extends Error {
  readonly problem: BackupProblem;

  constructor(problem: BackupProblem) {
    super(problem.kind);
    this.problem = problem;
  }
}
