/** What brings keys of one database to the nodes of the cluster, on one connection to the source. */
import type { Delay } from '../../plan/transfer/import-events.ts';
import { ping } from '../../resp/commands/cluster.ts';
import type { Key } from '../../resp/commands/slots.ts';
import type { Slot } from '../../topology/slot-set.ts';
import type { Batch } from '../keys/migrate-keys.ts';
import type { Destination } from '../keys/routes.ts';
import { TargetLines } from '../keys/target-lines.ts';
import { StoppingError } from './import-error.ts';
import { type DatabaseWork, type ImportRun, isStopping } from './import-run.ts';
import { SourceLine } from './source-line.ts';

/** Keys that could not be brought, and why. */
export interface Undelivered {
  readonly keys: readonly Key[];
  readonly why: Delay;
  /** Where the source did not get through to. */
  readonly outOfReach?: Destination;
}

export abstract class Carrier {
  protected readonly work: DatabaseWork;
  protected readonly run: ImportRun;
  protected readonly line: SourceLine;
  protected readonly targets: TargetLines;

  constructor(work: DatabaseWork) {
    this.work = work;
    this.run = work.run;
    this.line = new SourceLine(work.node.address, work.run);
    this.targets = new TargetLines(work.run.target, work.database.into);
  }

  /** Before anything else. */
  begin(): Promise<void> {
    return this.line.select(this.work.database.database);
  }

  close(): void {
    this.line.close();
    this.targets.close();
  }

  /** Where a key belongs under the name that it gets. */
  abstract slotOf(key: Key): Slot;

  /** Throws a StoppingError where nothing more is to be begun. */
  abstract carry(keys: readonly Key[], to: Destination, batch: Batch): Promise<Undelivered | undefined>;

  protected async keepPace(
    keys: number,
    averageBytes: number,
    askTarget: () => Promise<unknown>,
  ): Promise<void> {
    const knock = () => Promise.all([this.line.insist(line => line.send(ping())), askTarget()]);
    await this.run.pace.before(keys, { averageBytes }, knock);
    if (isStopping(this.run)) throw new StoppingError();
  }
}
