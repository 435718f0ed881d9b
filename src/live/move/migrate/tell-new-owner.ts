/**
 * Tells the other primaries who owns what has moved. They would hear of it by gossip; being told spares their clients a
 * redirection. The move does not need them, so nothing waits for them before its end.
 */

import { assignSlot } from '../../../resp/commands/slots.ts';
import { isRefused, NodeError } from '../../../resp/errors.ts';
import type { Member } from '../../../topology/agreement.ts';
import { SlotSet } from '../../../topology/slot-set.ts';
import type { MoveRun, Passage } from '../mover.ts';
import type { SetSlotConnections } from './setslot-connections.ts';

export class NewOwnerNews {
  readonly #passage: Passage;
  readonly #run: MoveRun;
  readonly #connections: SetSlotConnections;
  /** Who could not be told of which slots. */
  readonly #untold = new Map<Member, SlotSet>();
  #telling: Promise<unknown> = Promise.resolve();

  constructor(passage: Passage, run: MoveRun, connections: SetSlotConnections) {
    this.#passage = passage;
    this.#run = run;
    this.#connections = connections;
  }

  /** In the background. */
  spread(slots: SlotSet): void {
    const telling = Promise.all(this.#passage.others.map(other => this.#tell(other, slots)));
    this.#telling = Promise.all([this.#telling, telling]);
    // Looked at by arrived().
    this.#telling.catch(() => {});
  }

  /** A node that did not answer for a moment is told once more, on a connection of its own; gossip tells it otherwise. */
  async arrived(): Promise<void> {
    await this.#telling;
    const untold = [...this.#untold];
    this.#untold.clear();
    await Promise.all(untold.map(([node, slots]) => this.#tellAgain(node, slots)));
  }

  async #tell(node: Member, slots: SlotSet): Promise<void> {
    const missed = this.#untold.get(node);
    // Whoever did not answer once is not asked at every window.
    if (missed) return void this.#untold.set(node, slots.union(missed));
    try {
      await this.#connections.tell(node.address, this.#words(slots));
    } catch (error) {
      // A primary that has lost its last slot becomes a replica, and is told by its new primary.
      if (isRefused(error, 'not-a-primary')) return;
      if (!(error instanceof NodeError)) throw error;
      this.#untold.set(node, slots.union(this.#untold.get(node) ?? SlotSet.empty));
    }
  }

  async #tellAgain(node: Member, slots: SlotSet): Promise<void> {
    const line = this.#run.fleet.lane(node.address);
    try {
      await line.sendAll(this.#words(slots));
    } catch (error) {
      if (!(error instanceof NodeError)) throw error;
      this.#run.note({ kind: 'new-owner-untold', node: error.node, message: error.message });
    } finally {
      line.close();
    }
  }

  #words(slots: SlotSet) {
    return [...slots].map(slot => assignSlot(slot, this.#passage.to.id));
  }
}
