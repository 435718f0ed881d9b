/**
 * Whether the source gets through to a node of the cluster at all. A MIGRATE that fails may have met a node that is busy, or is
 * started just then; where the node answers us before and after, each time, and no MIGRATE ever got there, the way is closed:
 * no route, TLS on one side only. No retry helps then, and a MIGRATE that waits holds up all clients of the source.
 */
import { ping } from '../../resp/commands/cluster.ts';
import type { ServerRefusalError } from '../../resp/errors.ts';
import type { Fleet } from '../../resp/fleet.ts';
import { type Address, formatAddress } from '../../topology/node.ts';
import type { Destination } from '../keys/routes.ts';
import { ImportError } from './import-error.ts';

/** One, or two, may have met a node that was started between our questions. */
const FAILURES_IN_A_ROW = 3;

export class Reach {
  readonly #reached = new Set<string>();
  readonly #failures = new Map<string, number>();

  arrived({ address }: Destination): void {
    this.#reached.add(formatAddress(address));
  }

  /** Throws where the next would fail, too. */
  async failed(to: Destination, { kind, text }: ServerRefusalError, target: Fleet): Promise<void> {
    const node = formatAddress(to.address);
    if (this.#reached.has(node) || kind !== 'io-error') return;
    // What failed before the node answered says nothing.
    const failures = (await answers(to.address, target)) ? (this.#failures.get(node) ?? 0) + 1 : 0;
    this.#failures.set(node, failures);
    if (failures >= FAILURES_IN_A_ROW)
      throw new ImportError({
        kind: 'keys-not-accepted',
        why: { kind: 'said', message: text },
        outOfReach: to,
      });
  }
}

/** On a connection of its own: the shared one may be broken from before. */
async function answers(node: Address, target: Fleet): Promise<boolean> {
  const line = target.lane(node);
  try {
    await line.send(ping());
    return true;
  } catch {
    return false;
  } finally {
    line.close();
  }
}
