/** Waits until replicas of a target have what has moved there, so that its loss is not the loss of the keys. */
import { setTimeout as sleep } from 'node:timers/promises';
import { replicaOffsets } from '../../resp/commands/cluster.ts';
import { MoveError } from './move-error.ts';
import type { MoveRun, Passage } from './mover.ts';

const LOOK_EVERY_MS = 10;
const GIVE_UP_AFTER_MS = 30_000;

/**
 * By offsets, and not by WAIT: that only minds what came over its own connection, and the keys come from another server.
 */
export async function awaitReplicas({ to }: Passage, { fleet, limits, nowMs }: MoveRun): Promise<void> {
  if (limits.waitReplicas === 0) return;
  const deadline = nowMs() + GIVE_UP_AFTER_MS;
  const { offset: wanted } = await fleet.send(to.address, replicaOffsets());
  for (;;) {
    const { replicas } = await fleet.send(to.address, replicaOffsets());
    const caughtUp = replicas.filter(offset => offset >= wanted).length;
    if (caughtUp >= limits.waitReplicas) return;
    if (nowMs() >= deadline)
      throw new MoveError({ kind: 'replicas-behind', of: to.address, caughtUp, wanted: limits.waitReplicas });
    await sleep(LOOK_EVERY_MS);
  }
}
