/**
 * A connection to a node of the source, in one database. One that is lost is opened again at the same node, and never
 * anywhere else; whether what was under way may be sent again, whoever sent it knows.
 */
import { select } from '../../resp/commands/cluster.ts';
import { isLost, NodeError, ServerRefusalError } from '../../resp/errors.ts';
import type { Fleet, Lane } from '../../resp/fleet.ts';
import { type Address, formatAddress } from '../../topology/node.ts';
import { mayPassSoon, Patience } from '../keys/retry-refusals.ts';
import { ImportError } from './import-error.ts';
import type { ImportRun } from './import-run.ts';
import { wait } from './waits.ts';

export class SourceLine {
  readonly #fleet: Fleet;
  readonly #at: Address;
  readonly #run: Pick<ImportRun, 'tell' | 'nowMs' | 'interruptions'>;
  #line: Lane;
  #database = 0;
  /** When the database is the one that is meant. */
  #selected: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  constructor(at: Address, run: Pick<ImportRun, 'source' | 'tell' | 'nowMs' | 'interruptions'>) {
    this.#fleet = run.source;
    this.#at = at;
    this.#run = run;
    this.#line = run.source.lane(at);
  }

  get name(): string {
    return formatAddress(this.#at);
  }

  close(): void {
    this.#isClosed = true;
    this.#line.close();
  }

  async select(database: number): Promise<void> {
    if (database === this.#database) return;
    this.#database = database;
    await this.insist(line => line.send(select(database)));
  }

  /** For what may be sent again: until it is answered, or for as long as the source is given. */
  async insist<T>(ask: (line: Lane) => Promise<T>): Promise<T> {
    for (const patience = new Patience(this.#run.nowMs); ; ) {
      try {
        await this.#selected;
        return await ask(this.#line);
      } catch (error) {
        // What a node of the cluster says in between is not the source's failure.
        if (!(error instanceof NodeError) || error.node !== formatAddress(this.#at) || this.#isClosed)
          throw error;
        const mayBeBack = mayPassSoon(error) || isLost(error);
        if (!mayBeBack || patience.isOver)
          throw new ImportError({ kind: 'source', at: this.#at, message: error.message });
        if (patience.isFresh)
          this.#run.tell({
            kind: 'noted',
            note: { kind: 'goes-on-there', node: error.node, message: error.message },
          });
        await wait(patience.nextWaitMs(), this.#run.interruptions);
        // Also where it was the SELECT that was refused: it is asked for again on a new connection.
        if (!(error instanceof ServerRefusalError) || this.#database !== 0) this.#reopen();
      }
    }
  }

  #reopen(): void {
    this.#line.close();
    this.#line = this.#fleet.lane(this.#at);
    // Keys of another database must not be taken for those of this one, as they were by what is sent along with a SELECT
    // that is refused. Whoever asks next is told.
    this.#selected = this.#database === 0 ? Promise.resolve() : this.#line.send(select(this.#database));
    this.#selected.catch(() => {});
  }
}
