/**
 * Watches a cluster while it is backed up. Each node gives its data as they are at one moment, and what matters is what
 * slots and nodes are like at those moments: so everybody is looked at right after each of them, and now and then.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { BackupSource } from '../../plan/transfer/backup.ts';
import {
  type GrownEpoch,
  grownEpochs,
  type Restarted,
  restartedSources,
  slotsMovedMeanwhile,
  slotsOpenedMeanwhile,
} from '../../plan/transfer/backup-meanwhile.ts';
import { InterruptedError } from '../../resp/errors.ts';
import type { Fleet } from '../../resp/fleet.ts';
import type { NodeId } from '../../topology/node.ts';
import { SlotSet } from '../../topology/slot-set.ts';
import type { ClusterSnapshot } from '../../topology/snapshot.ts';
import { inspectAgain } from '../look/inspect-again.ts';

const LOOK_EVERY_MS = 1000;

export class MapWatch {
  readonly #fleet: Fleet;
  readonly #before: ClusterSnapshot;
  readonly #sources: readonly BackupSource[];
  readonly #over = new AbortController();
  #looking: Promise<void> | undefined;
  #next: Promise<void> | undefined;
  readonly #watching: Promise<void>;

  moved = SlotSet.empty;
  opened = SlotSet.empty;
  readonly restarted = new Map<NodeId, Restarted>();
  readonly grown = new Map<NodeId, GrownEpoch>();

  constructor(fleet: Fleet, before: ClusterSnapshot, sources: readonly BackupSource[]) {
    this.#fleet = fleet;
    this.#before = before;
    this.#sources = sources;
    this.#watching = this.#watch(this.#over.signal);
  }

  /** A look that begins no earlier than now. */
  look(): Promise<void> {
    if (this.#looking) {
      this.#next ??= this.#looking.then(() => {
        this.#next = undefined;
        return this.look();
      });
      return this.#next;
    }
    this.#looking = this.#lookOnce().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  note(seen: ClusterSnapshot): void {
    this.moved = SlotSet.union([this.moved, slotsMovedMeanwhile(this.#before, seen)]);
    this.opened = SlotSet.union([this.opened, slotsOpenedMeanwhile(this.#before, seen)]);
    for (const doubt of restartedSources(this.#sources, this.#before, seen))
      this.restarted.set(doubt.node, doubt);
    for (const epoch of grownEpochs(this.#before, seen)) this.grown.set(epoch.node, epoch);
  }

  async stop(): Promise<void> {
    this.#over.abort();
    await this.#watching;
    await this.#next;
    await this.#looking;
  }

  async #watch(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await sleep(LOOK_EVERY_MS, undefined, { signal }).catch(() => {});
      if (!signal.aborted) await this.look();
    }
  }

  async #lookOnce(): Promise<void> {
    try {
      const seen = await inspectAgain(this.#fleet, this.#before);
      if (seen) this.note(seen);
    } catch (error) {
      // Whoever waits for the data is told.
      if (!(error instanceof InterruptedError)) throw error;
    }
  }
}
