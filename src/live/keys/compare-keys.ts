/**
 * Keys that are on two servers. As a rule somebody was interrupted after the second had a key, and before the first knew; then
 * both values are the same. What the servers would save of them is compared first, many at a time, and piece by piece where that
 * differs.
 */
import type { SavedValue } from '../../resp/commands/fix.ts';
import type { Key } from '../../resp/commands/slots.ts';
import { ServerRefusalError } from '../../resp/errors.ts';
import { type Line, orRefusal } from './asking-first.ts';
import { sameValue, type ValueAt } from './same-value.ts';
import { readAll, sameBody, sameTtl } from './saved-value.ts';

/** Both values of so many keys are held. */
const KEYS_AT_A_TIME = 64;

export interface Compared {
  readonly same: readonly Key[];
  readonly different: readonly Key[];
  /** Only on the first. */
  readonly absent: readonly Key[];
}

export interface Comparing {
  /** What a key of the first is called on the second. */
  readonly nameOf?: (key: Key) => Key;
  /** Whether the first says by this that it no longer has the key. Otherwise a refusal to read ends it all. */
  readonly isGone?: (refusal: ServerRefusalError) => boolean;
}

/** What the first no longer has is left out. */
export async function compareKeys(
  keys: readonly Key[],
  own: Line,
  other: Line,
  { nameOf = key => key, isGone = () => false }: Comparing = {},
): Promise<Compared> {
  const found = { same: [] as Key[], different: [] as Key[], absent: [] as Key[] };
  for (let from = 0; from < keys.length; from += KEYS_AT_A_TIME) {
    const some = keys.slice(from, from + KEYS_AT_A_TIME);
    const [owns, others] = await Promise.all([readAll(some, own, isGone), readAll(some.map(nameOf), other)]);
    await Promise.all(
      some.map(async (key, i) => {
        const [mine, theirs] = [owns[i], others[i]];
        if (!mine) return;
        if (!theirs) return void found.absent.push(key);
        const verdict = await isSame(key, [mine, own], [theirs, other], nameOf(key));
        if (verdict instanceof ServerRefusalError && isGone(verdict)) return;
        (verdict === true ? found.same : found.different).push(key);
      }),
    );
  }
  return found;
}

/**
 * One value and another, and where they are. Who may not read their parts gets the refusal, and has them taken for different:
 * then nothing is overwritten, or what is has been kept. `name`: what the second calls the key.
 */
export async function isSame(
  key: Key,
  [mine, own]: readonly [SavedValue, ValueAt],
  [theirs, other]: readonly [SavedValue, ValueAt],
  name = key,
): Promise<boolean | ServerRefusalError> {
  if (!sameTtl(mine.ttlMs, theirs.ttlMs)) return false;
  return sameBody(mine.payload, theirs.payload) || orRefusal(sameValue(key, own, other, name));
}
