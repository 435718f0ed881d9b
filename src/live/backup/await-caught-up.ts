/** Waits until a replica has all that its primary had when the cluster was first looked at. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { BackupSource } from '../../plan/transfer/backup.ts';
import { replicationInfo } from '../../resp/commands/cluster.ts';
import type { Fleet } from '../../resp/fleet.ts';
import { NotSavedError } from './not-saved-error.ts';

const AGAIN_AFTER_MS = 100;

export async function awaitCaughtUp(
  fleet: Fleet,
  { role, address, leastOffset }: BackupSource,
  limitMs: number,
): Promise<void> {
  if (role === 'primary') return;
  const deadline = performance.now() + limitMs;
  for (;;) {
    const { offset } = await fleet.send(address, replicationInfo());
    if (offset >= leastOffset) return;
    if (performance.now() > deadline)
      throw new NotSavedError({ kind: 'lags', waitedMs: limitMs, bytes: leastOffset - offset });
    await sleep(AGAIN_AFTER_MS, undefined, { signal: fleet.interruption }).catch(() => {});
  }
}
