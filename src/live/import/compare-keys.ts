/**
 * Keys that are at the source and in the cluster. As a rule an earlier run was ended after the cluster had them, and
 * before the source knew; then both values are the same. Many are compared at a time.
 */
import type { Command } from '../../resp/command.ts';
import type { Key } from '../../resp/commands/slots.ts';
import { ServerRefusalError } from '../../resp/errors.ts';
import type { Lane } from '../../resp/fleet.ts';
import { type End, sameValue } from '../keys/same-value.ts';
import { readAll, sameBody, sameTtl } from '../keys/saved-value.ts';

const KEYS_AT_A_TIME = 64;

export interface Compared {
  readonly same: readonly Key[];
  readonly different: readonly Key[];
  /** Only at the source. */
  readonly absent: readonly Key[];
}

/** `nameOf`: what a key of the source is called in the cluster. What the source no longer has is left out. */
export async function compareKeys(
  keys: readonly Key[],
  source: Lane,
  target: Lane,
  nameOf: (key: Key) => Key = key => key,
): Promise<Compared> {
  const [same, different, absent]: [Key[], Key[], Key[]] = [[], [], []];
  for (let from = 0; from < keys.length; from += KEYS_AT_A_TIME) {
    const some = keys.slice(from, from + KEYS_AT_A_TIME);
    const [own, others] = await Promise.all([readAll(some, source), readAll(some.map(nameOf), target)]);
    await Promise.all(
      some.map(async (key, i) => {
        const [mine, theirs] = [own[i], others[i]];
        if (!mine?.payload) return;
        if (!theirs?.payload) absent.push(key);
        else if (!sameTtl(mine.ttlMs, theirs.ttlMs)) different.push(key);
        else if (sameBody(mine.payload, theirs.payload)) same.push(key);
        else if (await sameByParts(key, source, target, nameOf)) same.push(key);
        else different.push(key);
      }),
    );
  }
  return { same, different, absent };
}

/** How a value is packed depends on the version and on the order in which it was filled. */
async function sameByParts(
  key: Key,
  source: Lane,
  target: Lane,
  nameOf: (key: Key) => Key,
): Promise<boolean> {
  return sameAcrossNames(key, source, nameOf(key), target);
}

/** As sameValue(), where the second one calls the key by another name. */
export async function sameAcrossNames(key: Key, own: End, name: Key, other: End): Promise<boolean> {
  // Whoever compares calls the key by one name.
  const renaming = {
    send: <T>(command: Command<T>) =>
      other.send({ ...command, args: command.args.map(word => (word === key ? name : word)) }),
  };
  try {
    return await sameValue(key, own, renaming);
  } catch (error) {
    // Who may not read them has them taken for different: then nothing is overwritten.
    if (error instanceof ServerRefusalError) return false;
    throw error;
  }
}
