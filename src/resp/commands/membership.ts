/** The commands by which nodes become a cluster, change their roles, and leave. */
import { type MeetingPoint, meetingWords, type NodeId } from '../../topology/node.ts';
import type { SlotSet } from '../../topology/slot-set.ts';
import type { Command, Word } from '../command.ts';
import { asArray, asBytes, asOk, asText, fieldOf } from '../reply.ts';
import { SMALL_REPLY } from '../reply-bounds.ts';

/** OK means that the handshake was begun, not that it will get through. */
export function meet(point: MeetingPoint): Command<void> {
  return { args: ['CLUSTER', 'MEET', ...meetingWords(point)], decode: asOk };
}

export function setConfigEpoch(epoch: number): Command<void> {
  return { args: ['CLUSTER', 'SET-CONFIG-EPOCH', `${epoch}`], decode: asOk };
}

/** Servers before 7.0 know no ranges. */
export function addSlots(slots: SlotSet, serverKnowsRanges: boolean): Command<void> {
  return ofSlots('ADDSLOTS', slots, serverKnowsRanges);
}

/** Only in the node's own view. */
export function delSlots(slots: SlotSet, serverKnowsRanges: boolean): Command<void> {
  return ofSlots('DELSLOTS', slots, serverKnowsRanges);
}

function ofSlots(verb: string, slots: SlotSet, serverKnowsRanges: boolean): Command<void> {
  const words = serverKnowsRanges
    ? [`${verb}RANGE`, ...rangeWords(slots)]
    : [verb, ...[...slots].map(String)];
  return { args: ['CLUSTER', ...words], decode: asOk };
}

/** The first and the last slot of each range. */
export function rangeWords(slots: SlotSet): string[] {
  return slots.ranges.flatMap(({ first, last }) => [`${first}`, `${last}`]);
}

export function replicate(primary: NodeId): Command<void> {
  return { args: ['CLUSTER', 'REPLICATE', primary], decode: asOk };
}

export function forget(node: NodeId): Command<void> {
  return { args: ['CLUSTER', 'FORGET', node], decode: asOk };
}

/** Soft keeps the node's id and epochs, hard gives it new ones. Both empty a replica. */
export function reset(mode: 'soft' | 'hard'): Command<void> {
  return { args: ['CLUSTER', 'RESET', mode.toUpperCase()], decode: asOk };
}

/** Where it works there is no reply: the node closes the connection. */
export function shutdown(): Command<void> {
  return { args: ['SHUTDOWN'], decode: asOk };
}

/** The value of one setting; undefined where the server does not have it. */
export function configGet(name: string): Command<string | undefined> {
  return {
    args: ['CONFIG', 'GET', name],
    bounds: SMALL_REPLY,
    decode: reply => {
      const [, value] = asArray(reply);
      return value === undefined ? undefined : asText(value);
    },
  };
}

/** The code of every function library, by its name. */
export function functionLibraries(): Command<ReadonlyMap<string, string>> {
  return {
    args: ['FUNCTION', 'LIST', 'WITHCODE'],
    decode: reply =>
      new Map(
        asArray(reply).map(library => [
          asText(fieldOf(library, 'library_name')),
          asText(fieldOf(library, 'library_code')),
        ]),
      ),
  };
}

export function functionDump(): Command<Buffer> {
  return { args: ['FUNCTION', 'DUMP'], decode: asBytes };
}

/** `APPEND` is refused where a library is there already. */
export function functionRestore(dump: Buffer, policy: 'REPLACE' | 'APPEND' = 'REPLACE'): Command<void> {
  const args: Word[] = ['FUNCTION', 'RESTORE', dump, policy];
  return { args, decode: asOk };
}
