/**
 * Streams whose messages wait to be acknowledged. Valkey's own migration carries a stream as the commands that make it anew, and leaves
 * out what waits of messages that have been deleted (seen on 9.1; MIGRATE and Redis 8.6 carry it as it is). To look at every key
 * would take longer than the move, so some are looked at, from slots that are spread over all that move.
 */

import type { Note } from '../../plan/note.ts';
import { keysInSlot } from '../../resp/commands/slots.ts';
import { streamGroups, typeOf } from '../../resp/commands/values.ts';
import type { Fleet } from '../../resp/fleet.ts';
import type { Address } from '../../topology/node.ts';
import { showKey } from '../keys/big-keys.ts';
import type { KeyCounts } from '../keys/count-keys.ts';
import { ifTold } from '../look/look-at-node.ts';
import { unlessSilent } from '../watch/nodes.ts';

/** At most 64 lists of keys, 256 types and 16 lists of groups, in three round trips. */
const MOST_SLOTS = 64;
const KEYS_OF_EACH = 4;
const MOST_STREAMS = 16;

/** Something for the person, if a look that costs next to nothing finds such a stream. */
export async function cautionAboutStreams(
  counting: Promise<KeyCounts>,
  at: Address,
  fleet: Pick<Fleet, 'send' | 'sendAll'>,
): Promise<Note | undefined> {
  // Whether the node is there is found out by those who need it.
  return unlessSilent(lookForStreams(await counting, at, fleet));
}

async function lookForStreams(
  counted: KeyCounts,
  at: Address,
  fleet: Pick<Fleet, 'send' | 'sendAll'>,
): Promise<Note | undefined> {
  const slots = [...counted.keys()];
  const step = Math.max(1, Math.ceil(slots.length / MOST_SLOTS));
  const some = slots.filter((_, i) => i % step === 0);
  if (some.length === 0) return undefined;
  // Whoever may not look moves them all the same.
  const lists = await ifTold(
    fleet.sendAll(
      at,
      some.map(slot => keysInSlot(slot, KEYS_OF_EACH)),
    ),
  );
  const keys = (lists ?? []).flat();
  const types = await ifTold(fleet.sendAll(at, keys.map(typeOf)));
  const streams = keys.filter((_, i) => types?.[i] === 'stream').slice(0, MOST_STREAMS);
  const groups = await Promise.all(streams.map(key => ifTold(fleet.send(at, streamGroups(key)))));
  const found = streams.find((_, i) => groups[i]?.some(({ pending }) => pending > 0));
  return found && { kind: 'pending-entries', key: showKey(found) };
}
