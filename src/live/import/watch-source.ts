/**
 * Whether slots of a source that is a cluster went from node to node while it was read. Each node was gone through by the slots
 * that it had at first, so what went elsewhere and came back may have been missed, though the map is the same afterwards. It
 * leaves a trace in the config epoch of the node that got it back; slots that are opened and closed again leave none, and are
 * looked for all the time.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { NodeError } from '../../resp/errors.ts';
import type { Fleet } from '../../resp/fleet.ts';
import { type ClusterSnapshot, ownClaims } from '../../topology/snapshot.ts';
import { EntryNodeError, inspect } from '../look/inspect.ts';

/** What is open for longer than that is seen. */
const LOOK_EVERY_MS = 500;
/** Of large clusters a look takes a while, and is not to be all that they do. */
const REST_FOR_EACH_LOOK = 10;

export class SourceWatch {
  readonly #fleet: Fleet;
  readonly #before: ClusterSnapshot | undefined;
  readonly #nowMs: () => number;
  readonly #patrol = new AbortController();
  #hasMoved = false;

  /** `before`: absent for a server by itself. */
  constructor(fleet: Fleet, before: ClusterSnapshot | undefined, nowMs: () => number) {
    this.#fleet = fleet;
    this.#before = before;
    this.#nowMs = nowMs;
    if (before) this.#walk(before).catch(() => {});
  }

  end(): void {
    this.#patrol.abort();
  }

  /** Looks once more. Of a node that is silent by then nobody knows. */
  async hasMoved(): Promise<boolean> {
    if (!this.#before || this.#hasMoved) return this.#hasMoved;
    const now = await this.#look(this.#before);
    const there = ownClaims(now);
    this.#hasMoved =
      hasMoved(this.#before, now) || [...ownClaims(this.#before).keys()].some(id => !there.has(id));
    return this.#hasMoved;
  }

  /** One that was started again meanwhile has broken the connection that everybody shares. */
  #look({ views }: ClusterSnapshot): Promise<ClusterSnapshot> {
    for (const { address } of views) this.#fleet.renew(address);
    return inspect(this.#fleet, undefined, views[0]?.address);
  }

  async #walk(before: ClusterSnapshot): Promise<void> {
    const { signal } = this.#patrol;
    let restMs = LOOK_EVERY_MS;
    while (!this.#hasMoved) {
      await sleep(restMs, undefined, { signal });
      const beganAt = this.#nowMs();
      try {
        const now = await this.#look(before);
        if (hasMoved(before, now)) this.#hasMoved = true;
      } catch (error) {
        // Whoever needs an answer complains of silence.
        if (!(error instanceof EntryNodeError || error instanceof NodeError)) throw error;
      }
      restMs = Math.max(LOOK_EVERY_MS, REST_FOR_EACH_LOOK * (this.#nowMs() - beganAt));
    }
  }
}

/** A node that does not answer this time is not held against it: if its slots are elsewhere, another one has them now. */
export function hasMoved(before: ClusterSnapshot, now: ClusterSnapshot): boolean {
  const then = new Map(before.views.map(view => [view.id, view]));
  const claims = ownClaims(before);
  const isOpen = now.views.some(
    ({ id, open }) => open.migrating.size + open.importing.size > 0 && then.has(id),
  );
  return (
    isOpen ||
    now.views.some(({ id, self }) => {
      const own = self.role === 'primary' ? self.slots : undefined;
      const known = claims.get(id);
      if (!known) return own !== undefined && own.size > 0;
      return !own?.equals(known) || then.get(id)?.self.configEpoch !== self.configEpoch;
    })
  );
}
