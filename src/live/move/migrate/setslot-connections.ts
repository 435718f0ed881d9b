/**
 * Valkey since 8.0 lets its replicas confirm every SETSLOT before it answers, and listens to that connection no more
 * meanwhile: a thousand on one connection wait a thousand times. Over several connections they wait side by side. What is
 * told in one go must not depend on its order, then.
 */
import type { Command } from '../../../resp/command.ts';
import type { Fleet, Lane } from '../../../resp/fleet.ts';
import { type Address, formatAddress } from '../../../topology/node.ts';

/** With sixteen, 2000 empty slots take 2.6 s, and with one 12 s. */
const MOST_LANES = 16;
/** Fewer are told sooner than another connection is there. */
const LEAST_FOR_A_LANE = 8;

export class SetSlotConnections {
  readonly #fleet: Fleet;
  readonly #areMany: boolean;
  readonly #lanes = new Map<string, Lane[]>();

  constructor(fleet: Fleet, { setSlotWaits }: { readonly setSlotWaits: boolean }) {
    this.#fleet = fleet;
    this.#areMany = setSlotWaits;
  }

  async tell(node: Address, commands: readonly Command<void>[]): Promise<void> {
    if (!this.#areMany || commands.length < 2 * LEAST_FOR_A_LANE) {
      await this.#fleet.sendAll(node, commands);
      return;
    }
    const lanes = this.#lanesTo(node, Math.ceil(commands.length / LEAST_FOR_A_LANE));
    const share = Math.ceil(commands.length / lanes.length);
    const told = await Promise.allSettled(
      lanes.map((lane, i) => lane.sendAll(commands.slice(i * share, (i + 1) * share))),
    );
    for (const one of told) if (one.status === 'rejected') throw one.reason;
  }

  close(): void {
    for (const lane of [...this.#lanes.values()].flat()) lane.close();
    this.#lanes.clear();
  }

  #lanesTo(node: Address, wanted: number): readonly Lane[] {
    const lanes = this.#lanes.get(formatAddress(node)) ?? [];
    this.#lanes.set(formatAddress(node), lanes);
    while (lanes.length < Math.min(MOST_LANES, wanted)) lanes.push(this.#fleet.lane(node));
    return lanes;
  }
}
