/** Keys that somebody else's client has written, and what of them that client still finds. */
import { decodeClusterNodes } from '../../../src/resp/cluster-nodes.ts';
import { keySlot } from '../../../src/topology/key-slot.ts';
import { SlotSet } from '../../../src/topology/slot-set.ts';
import type { ServerProcess } from '../../support/server-process.ts';

const VALUE_BYTES = 1000;
/** In one packet: thousands of replies at once would keep the servers from everything else. */
const AT_ONCE = 500;

type PlaceOf = (slot: number) => ServerProcess | undefined;

export class Holdings {
  readonly keys: readonly string[];

  constructor(count: number, name = 'held') {
    this.keys = Array.from({ length: count }, (_, i) => `${name}:${i}`);
  }

  async writeTo(placeOf: PlaceOf): Promise<void> {
    await this.#each(this.keys, async key => {
      const reply = await placeOf(slotOf(key))?.send('SET', key, valueFor(key));
      if (`${reply}` !== 'OK') throw new Error(`${key} could not be written: ${reply}`);
    });
  }

  /** Those that are not found with their value where clients are sent for them. */
  async missingFrom(placeOf: PlaceOf, concerned: SlotSet): Promise<string[]> {
    const missing: string[] = [];
    const wanted = this.keys.filter(key => concerned.has(slotOf(key)));
    await this.#each(wanted, async key => {
      const reply = await placeOf(slotOf(key))
        ?.send('GET', key)
        .catch(error => error);
      if (`${reply}` !== valueFor(key)) missing.push(key);
    });
    return missing;
  }

  async #each(keys: readonly string[], work: (key: string) => Promise<void>): Promise<void> {
    for (let i = 0; i < keys.length; i += AT_ONCE) await Promise.all(keys.slice(i, i + AT_ONCE).map(work));
  }
}

export function slotOf(key: string): number {
  return keySlot(Buffer.from(key));
}

function valueFor(key: string): string {
  return `the value of ${key} `.padEnd(VALUE_BYTES, '.');
}

/** Where clients are sent: to the node that says itself that it owns the slot. */
export async function ownersAmong(nodes: readonly ServerProcess[]): Promise<PlaceOf> {
  const claims = await Promise.all(nodes.map(async server => ({ server, slots: await ownSlots(server) })));
  return slot => claims.find(({ slots }) => slots.has(slot))?.server;
}

async function ownSlots(server: ServerProcess): Promise<SlotSet> {
  if (!server.isRunning) return SlotSet.empty;
  const { self } = decodeClusterNodes(await server.send('CLUSTER', 'NODES'));
  return self.role === 'primary' ? self.slots : SlotSet.empty;
}
