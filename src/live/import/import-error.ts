/** What ends an import before its end. */
import type { ImportProblem } from '../../plan/transfer/import-events.ts';
import type { Alarm } from '../../topology/server-changes.ts';
import { ProblemError } from '../problem-error.ts';

/** What has arrived has arrived. */
export class ImportError extends ProblemError<ImportProblem> {}

/** A node of the cluster is not to be sent any more: it evicts, is full, or was started again. */
export class TargetAlarmError extends ProblemError<Alarm> {}

/** Nothing new is to be begun. */
export class StoppingError extends Error {}
