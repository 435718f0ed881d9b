/** Databases that come together in one: keys that several of them have. */

import type { Refusal, SharedKey } from '../../plan/refusal.ts';
import type { ImportPlan, SourceNode } from '../../plan/transfer/import.ts';
import { exists } from '../../resp/commands/fix.ts';
import type { Key } from '../../resp/commands/slots.ts';
import { showKey } from '../keys/big-keys.ts';
import { findKeys } from './find-keys.ts';
import type { ImportRun } from './import-run.ts';
import { SourceLine } from './source-line.ts';

const MOST_SHOWN = 5;

/** Looks for keys in other databases of the node. */
export class OtherDatabases {
  readonly #databases: readonly number[];
  readonly #lines: ReadonlyMap<number, SourceLine>;

  constructor(node: SourceNode, databases: readonly number[], run: ImportRun) {
    this.#databases = databases;
    this.#lines = new Map(databases.map(database => [database, new SourceLine(node.address, run)]));
  }

  /** For each key the databases that have it, too. */
  async having(keys: readonly Key[]): Promise<readonly (readonly number[])[]> {
    const answers = await Promise.all(
      [...this.#lines].map(async ([database, line]) => {
        await line.select(database);
        return line.insist(lane => lane.sendAll(keys.map(exists)));
      }),
    );
    return keys.map((_, i) => this.#databases.filter((__, which) => answers[which]?.[i] === true));
  }

  close(): void {
    for (const line of this.#lines.values()) line.close();
  }
}

/**
 * What stands against an import of several databases under the names that their keys have. Each pair of databases is
 * compared by going through the smaller one.
 */
export async function findSharedKeys(
  { source, databases }: Pick<ImportPlan, 'source' | 'databases'>,
  run: ImportRun,
): Promise<Refusal | undefined> {
  const shown = new Map<string, SharedKey>();
  let more = 0;
  for (const node of source.nodes) {
    const bySize = [...databases].sort((a, b) => a.keys - b.keys).map(({ database }) => database);
    for (const [i, database] of bySize.slice(0, -1).entries()) {
      const others = new OtherDatabases(node, bySize.slice(i + 1), run);
      try {
        for await (const keys of findKeys(node, database, run)) {
          const having = await others.having(keys);
          for (const [at, name] of keys.entries()) {
            const [key, found] = [showKey(name), having[at] ?? []];
            if (found.length === 0 || shown.has(key)) continue;
            if (shown.size >= MOST_SHOWN) more++;
            else shown.set(key, { key, databases: [database, ...found].sort((a, b) => a - b) });
          }
        }
      } finally {
        others.close();
      }
    }
  }
  return shown.size === 0 ? undefined : { kind: 'databases-clash', keys: [...shown.values()], more };
}
