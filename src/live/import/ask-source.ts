/** Whether a source that keeps its keys still has those that the cluster does not: what its clients delete is no loss. */

import { exists } from '../../resp/commands/fix.ts';
import { runId } from '../../resp/commands/import.ts';
import type { Key } from '../../resp/commands/slots.ts';
import { isRefused, NodeError } from '../../resp/errors.ts';
import type { Sought } from '../keys/ask-for-keys.ts';
import { ImportError } from './import-error.ts';
import type { ImportRun } from './import-run.ts';
import { SourceLine } from './source-line.ts';

/** One command for each, which go out together. */
const KEYS_AT_A_TIME = 1000;

/** How many of them, as the cluster calls them, no database that they can be from has any more. None where that cannot be asked. */
export async function countGone(keys: readonly Sought[], run: ImportRun): Promise<number> {
  if (keys.length === 0) return 0;
  try {
    return await countWhereAsked(keys, run);
  } catch (error) {
    if (error instanceof NodeError || error instanceof ImportError) return 0;
    throw error;
  }
}

async function countWhereAsked(keys: readonly Sought[], run: ImportRun): Promise<number> {
  const isThere = new Set<Sought>();
  const isGone = new Set<Sought>();
  for (const { database, into, prefix } of run.plan.databases) {
    const own = keys.filter(key => key.database === into && key.name.indexOf(prefix) === 0);
    const names = own.map(({ name }) => name.subarray(Buffer.byteLength(prefix)));
    const answers = await askAll(names, database, run);
    for (const [i, key] of own.entries()) (answers[i] === false ? isGone : isThere).add(key);
  }
  return keys.filter(key => isGone.has(key) && !isThere.has(key)).length;
}

/** Each node of the source: of a cluster one answers, and the others name that one. Undefined where it cannot be said. */
async function askAll(
  keys: readonly Key[],
  database: number,
  run: ImportRun,
): Promise<(boolean | undefined)[]> {
  const heard = keys.map((): (boolean | undefined)[] => []);
  if (keys.length === 0) return [];
  for (const { address, runId: then } of run.plan.source.nodes) {
    const line = new SourceLine(address, run);
    try {
      // What a restart has cost was deleted by nobody.
      if ((await line.insist(lane => lane.send(runId()))) !== then) return keys.map(() => undefined);
      await line.select(database);
      for (let from = 0; from < keys.length; from += KEYS_AT_A_TIME) {
        const some = keys.slice(from, from + KEYS_AT_A_TIME);
        const answers = await line.insist(lane => lane.sendEach(some.map(exists)));
        for (const [i, answer] of answers.entries()) {
          if (isRefused(answer, 'moved')) continue;
          heard[from + i]?.push(typeof answer === 'boolean' ? answer : undefined);
        }
      }
    } finally {
      line.close();
    }
  }
  return heard.map(said => (said.length === 0 || said.includes(undefined) ? undefined : said.includes(true)));
}
