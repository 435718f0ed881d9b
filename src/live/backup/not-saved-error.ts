import type { BackupProblem } from '../../plan/transfer/backup.ts';
import { ProblemError } from '../problem-error.ts';

/** The data of a node are not saved, though neither it nor the disk has failed. */
export class NotSavedError extends ProblemError<BackupProblem> {}
