/** The commands by which nodes become a cluster, change their roles, and leave. */
import { type MeetingPoint, meetingWords, type NodeId } from '../../topology/node.ts';
import type { SlotSet } from '../../topology/slot-set.ts';
import type { Command, Word } from '../command.ts';
import { asArray, asBytes, asOk, asText, type Reply, ReplyShapeError } from '../reply.ts';
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
  const words = serverKnowsRanges
    ? ['ADDSLOTSRANGE', ...slots.ranges.flatMap(({ first, last }) => [`${first}`, `${last}`])]
    : ['ADDSLOTS', ...[...slots].map(String)];
  return { args: ['CLUSTER', ...words], decode: asOk };
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
    decode: reply => new Map(asArray(reply).map(library => readLibrary(asArray(library)))),
  };
}

/** `[field, value, …]` */
function readLibrary(pairs: readonly Reply[]): [name: string, code: string] {
  const field = (name: string) => {
    const at = pairs.findIndex((word, i) => i % 2 === 0 && asText(word) === name);
    if (at === -1) throw new ReplyShapeError(`no ${name} in it`);
    return asText(pairs[at + 1] ?? null);
  };
  return [field('library_name'), field('library_code')];
}

export function functionDump(): Command<Buffer> {
  return { args: ['FUNCTION', 'DUMP'], decode: asBytes };
}

/** `APPEND` is refused where a library is there already. */
export function functionRestore(dump: Buffer, policy: 'REPLACE' | 'APPEND' = 'REPLACE'): Command<void> {
  const args: Word[] = ['FUNCTION', 'RESTORE', dump, policy];
  return { args, decode: asOk };
}
