/** One MIGRATE: a batch of keys goes from server to server. */
import type { Command } from '../../resp/command.ts';
import { type Key, type MigrateRequest, migrate } from '../../resp/commands/slots.ts';
import type { Credentials } from '../../resp/credentials.ts';
import { isRefused } from '../../resp/errors.ts';
import type { Lane } from '../../resp/fleet.ts';
import type { Trip } from '../watch/transfers.ts';
import { timeoutMsFor } from './big-keys.ts';
import { type Persisting, persist } from './retry-refusals.ts';

export interface Batch {
  readonly keys: readonly Key[];
  /** Of a big key, which goes alone, or of all of them where each was measured. */
  readonly bytes?: number;
}

type Arrival = Pick<MigrateRequest, 'host' | 'port' | 'database' | 'replace' | 'copy'>;

type MigrateCommand = Command<'moved' | 'no-keys'>;

/** `timeoutMs`: what servers may wait for each other, unless the batch is so big that it takes longer. */
export function migrateBatch(
  { keys, bytes = 0 }: Batch,
  { host, port, database, replace, copy = false }: Arrival,
  { timeoutMs, credentials }: { readonly timeoutMs: number; readonly credentials: Credentials | undefined },
): MigrateCommand {
  const waitMs = Math.ceil(Math.max(timeoutMs, timeoutMsFor(bytes)));
  const where = { host, port, database, keys, timeoutMs: waitMs, replace, copy };
  return migrate({ ...where, ...(credentials && { credentials }) });
}

/**
 * Within a cluster: until it works, or stays refused; 'clash' where the target has one of the keys already. An import does
 * without: there a lost connection is opened again, and which end has refused decides what becomes of the keys (import/judge-refusals.ts).
 */
export async function sendBatch(
  line: Lane,
  command: MigrateCommand,
  { trip, ...run }: Persisting & { readonly trip: Trip | undefined },
): Promise<'moved' | 'no-keys' | 'clash'> {
  let isFirst = true;
  try {
    return await persist(async () => {
      // A target that did not answer may be back without what it was sent.
      if (!isFirst) await trip?.lookAgain();
      isFirst = false;
      trip?.expectCalm();
      return line.send(command);
    }, run);
  } catch (error) {
    if (isRefused(error, 'busy-key')) return 'clash';
    throw error;
  }
}
