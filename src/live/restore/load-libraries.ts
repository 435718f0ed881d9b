/** Functions belong to every primary alike, whoever's file they were in. */
import type { RestoreEvent } from '../../plan/transfer/restore.ts';
import { functionLibraries } from '../../resp/commands/membership.ts';
import { functionLoad } from '../../resp/commands/restore.ts';
import type { Fleet } from '../../resp/fleet.ts';
import { type Address, formatAddress } from '../../topology/node.ts';
import { persist } from '../keys/retry-refusals.ts';
import type { CheckedDump } from './check-dump.ts';
import type { RestoreSettings } from './restore-backup.ts';

export interface Library {
  readonly name: string;
  readonly code: Buffer;
}

/** Each once: the same library is in every file. */
export function librariesOf(dumps: readonly CheckedDump[]): Library[] {
  const all = dumps.flatMap(({ libraries }) => libraries.map(code => ({ name: libraryName(code), code })));
  return all.filter(({ code }, i) => all.findIndex(other => other.code.equals(code)) === i);
}

/** `#!lua name=mylib`, in the first line. */
function libraryName(code: Buffer): string {
  return /^#![^\n]*\bname=([\w-]{1,200})/.exec(code.toString('utf8'))?.[1] ?? '?';
}

export async function* loadLibraries(
  fleet: Fleet,
  primaries: readonly Address[],
  libraries: readonly Library[],
  { replace, waiting }: Pick<RestoreSettings, 'replace' | 'waiting'>,
): AsyncGenerator<Extract<RestoreEvent, { kind: 'library' }>> {
  if (libraries.length === 0) return;
  for (const address of primaries) {
    const there = new Map(await fleet.send(address, functionLibraries()));
    for (const { name, code } of libraries) {
      const [known, wanted] = [there.get(name), code.toString('utf8')];
      const otherwise = known !== undefined && !replace ? 'differs' : 'loaded';
      const outcome = known === wanted ? 'there' : otherwise;
      if (outcome === 'loaded') {
        await persist(() => fleet.send(address, functionLoad(code, replace)), waiting);
        there.set(name, wanted);
      }
      yield { kind: 'library', node: formatAddress(address), name, outcome };
    }
  }
}
