/** Saves the data of several nodes at the same time. One that fails does not keep the others from being saved. */
import type { BackupEvent, BackupProblem, BackupSource } from '../../plan/transfer/backup.ts';
import { InterruptedError, NodeError } from '../../resp/errors.ts';
import type { Fleet } from '../../resp/fleet.ts';
import { asGenerator, type Tell } from '../event-stream.ts';
import { FileError } from '../files/whole-file.ts';
import { NotSavedError } from './not-saved-error.ts';
import { type SaveSettings, saveDump } from './save-dump.ts';

export interface BackupSettings extends SaveSettings {
  /** How many nodes give their data at the same time. */
  readonly parallel: number;
}

/** More often than that nobody wants to know how far it is. */
const TELL_EVERY_BYTES = 4 * 1024 * 1024;

export function backUp(
  fleet: Fleet,
  sources: readonly BackupSource[],
  settings: BackupSettings,
): AsyncGenerator<BackupEvent> {
  return asGenerator<BackupEvent>(async tell => {
    const waiting = [...sources];
    const work = async () => {
      for (let source = waiting.shift(); source; source = waiting.shift())
        await saveOne(fleet, source, settings, tell);
    };
    const ends = await Promise.allSettled(
      Array.from({ length: Math.min(settings.parallel, sources.length) }, work),
    );
    // Only when all of them have cleared away what they had begun.
    for (const end of ends) if (end.status === 'rejected') throw end.reason;
  });
}

async function saveOne(
  fleet: Fleet,
  source: BackupSource,
  settings: BackupSettings,
  tell: Tell<BackupEvent>,
): Promise<void> {
  if (fleet.interruption.aborted) throw new InterruptedError();
  tell({ kind: 'saving', source });
  let told = 0;
  try {
    const saved = await saveDump(fleet, source, settings, (bytes, of) => {
      if (bytes - told < TELL_EVERY_BYTES) return;
      told = bytes;
      tell({ kind: 'received', source, bytes, ...(of !== undefined && { of }) });
    });
    tell({ kind: 'saved', source, saved });
  } catch (error) {
    const problem = backupProblemOf(error);
    if (!problem) throw error;
    tell({ kind: 'failed', source, problem });
  }
}

/** Of this node alone: the others go on. */
function backupProblemOf(error: unknown): BackupProblem | undefined {
  if (error instanceof NotSavedError) return error.problem;
  return error instanceof NodeError || error instanceof FileError
    ? { kind: 'message', message: error.message }
    : undefined;
}
