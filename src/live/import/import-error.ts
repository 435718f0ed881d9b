/** What ends an import before its end. */
import type { Alarm } from '../../topology/server-changes.ts';

/** Why an import stops. What has arrived has arrived. */
export class ImportError extends Error {}

/** A node of the cluster is not to be sent any more: it evicts, is full, or was started again. */
export class AlarmError extends Error {
  readonly alarm: Alarm;

  constructor(alarm: Alarm) {
    super(alarm.kind);
    this.alarm = alarm;
  }
}

/** Nothing new is to be begun. */
export class StoppingError extends Error {}
