/** What is done only where nobody has changed the keys that are watched on the line. */
import type { Command } from '../../resp/command.ts';
import { multi, queued } from '../../resp/commands/cluster.ts';
import { execUnlessChanged } from '../../resp/commands/fix.ts';
import type { Line } from './asking-first.ts';

/** False where somebody has: then nothing was done. */
export async function inTransaction(line: Pick<Line, 'send'>, command: Command<unknown>): Promise<boolean> {
  const queueing = [multi(), queued(command)].map(words => line.send(words));
  const [isDone] = await Promise.all([line.send(execUnlessChanged()), ...queueing]);
  return isDone;
}
