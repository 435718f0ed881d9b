/** The commands that slotctl sends, each as the words on the wire and the way to read the reply. */
import { isSlot, SLOT_COUNT, type Slot, type SlotRange, slot } from '../../topology/slot-set.ts';
import type { Replication } from '../../topology/snapshot.ts';
import { type ClusterNodesReply, decodeClusterNodes } from '../cluster-nodes.ts';
import { type Command, commandName } from '../command.ts';
import type { Credentials } from '../credentials.ts';
import { type Busyness, decodeBusyness, decodeInfo, decodeReplication, type ServerInfo } from '../info.ts';
import type { KnownLines } from '../known-lines.ts';
import {
  asArray,
  asInteger,
  asOk,
  asQueued,
  asText,
  ErrorReply,
  excerpt,
  fieldOf,
  type Reply,
  ReplyShapeError,
} from '../reply.ts';
import { NODE_LIST, SLOT_STATS, SMALL_REPLY } from '../reply-bounds.ts';

export function auth({ user, password }: Credentials): Command<void> {
  const words = user === undefined ? ['AUTH', password.reveal()] : ['AUTH', user, password.reveal()];
  return { args: words, secret: [words.length - 1], decode: asOk };
}

export function info(): Command<ServerInfo> {
  return { args: ['INFO'], decode: decodeInfo, bounds: SMALL_REPLY };
}

export function replicationInfo(): Command<Replication> {
  return { args: ['INFO', 'replication'], decode: decodeReplication, bounds: SMALL_REPLY };
}

export function busyness(): Command<Busyness> {
  return { args: ['INFO', 'persistence'], decode: decodeBusyness };
}

export function clusterNodes(known?: KnownLines): Command<ClusterNodesReply> {
  return {
    args: ['CLUSTER', 'NODES'],
    decode: reply => decodeClusterNodes(reply, known),
    bounds: NODE_LIST,
  };
}

/** Only the state: the rest of CLUSTER INFO can be told from the nodes themselves. */
export function clusterState(): Command<'ok' | 'fail'> {
  return {
    args: ['CLUSTER', 'INFO'],
    bounds: SMALL_REPLY,
    decode: reply => {
      const state = /^cluster_state:(ok|fail)\r?$/m.exec(asText(reply))?.[1];
      if (!state) throw new ReplyShapeError('no cluster_state in it');
      return state === 'ok' ? 'ok' : 'fail';
    },
  };
}

export function dbsize(): Command<number> {
  return { args: ['DBSIZE'], decode: asInteger };
}

export function ping(): Command<void> {
  return { args: ['PING'], decode: () => undefined, bounds: SMALL_REPLY };
}

/** How far a primary is, and how far each of its replicas has told that it is. */
export function replicaOffsets(): Command<{ readonly offset: number; readonly replicas: readonly number[] }> {
  return {
    args: ['INFO', 'replication'],
    bounds: SMALL_REPLY,
    decode: reply => {
      const text = asText(reply);
      const offset = /^master_repl_offset:(\d{1,15})/m.exec(text)?.[1];
      if (offset === undefined) throw new ReplyShapeError('no master_repl_offset in it');
      const replicas = [...text.matchAll(/^slave\d+:.*\bstate=online,offset=(\d{1,15})/gm)];
      return { offset: Number(offset), replicas: replicas.map(([, own]) => Number(own)) };
    },
  };
}

export function select(database: number): Command<void> {
  return { args: ['SELECT', `${database}`], decode: asOk };
}

export function multi(): Command<void> {
  return { args: ['MULTI'], decode: asOk };
}

/** A command between MULTI and EXEC: the server only says that it has taken note. */
export function queued({ args, secret }: Command<unknown>): Command<void> {
  return { args, ...(secret && { secret }), decode: asQueued };
}

/** The replies of the commands that were queued, each read by its own command. */
export function exec<T>(commands: readonly Command<T>[]): Command<T[]> {
  return {
    args: ['EXEC'],
    decode: reply => {
      const replies = asArray(reply);
      if (replies.length !== commands.length)
        throw new ReplyShapeError(`${replies.length} replies to ${commands.length} commands`);
      return commands.map((command, i) => {
        const own = replies[i] ?? null;
        if (own instanceof ErrorReply) {
          throw new ReplyShapeError(`${commandName(command)} failed: ${excerpt(own.text)}`);
        }
        return command.decode(own);
      });
    },
  };
}

/** The keys of all slots that the node owns (Redis 8.2, Valkey 8.0). */
export function keysInOwnSlots(): Command<number> {
  const { args, decode } = keyCounts({ first: slot(0), last: slot(SLOT_COUNT - 1) });
  return {
    args,
    bounds: SLOT_STATS,
    decode: reply => [...decode(reply).values()].reduce((sum, keys) => sum + keys, 0),
  };
}

/** For each slot of a range that the node owns, what CLUSTER SLOT-STATS tells (Redis 8.2, Valkey 8.0). */
export function keyCounts({ first, last }: SlotRange): Command<ReadonlyMap<Slot, number>> {
  return {
    args: ['CLUSTER', 'SLOT-STATS', 'SLOTSRANGE', `${first}`, `${last}`],
    bounds: SLOT_STATS,
    decode: reply => new Map(asArray(reply).map(entry => keyCountOf(asArray(entry)))),
  };
}

/** `[slot, [metric, value, …]]` */
function keyCountOf([number = null, metrics = null]: readonly Reply[]): [Slot, number] {
  return [asSlot(number), asInteger(fieldOf(metrics, 'key-count'))];
}

function asSlot(reply: Reply): Slot {
  const number = asInteger(reply);
  if (!isSlot(number)) throw new ReplyShapeError(`there is no slot ${number}`);
  return number;
}

export function countKeysInSlot(slot: Slot): Command<number> {
  return { args: ['CLUSTER', 'COUNTKEYSINSLOT', `${slot}`], decode: asInteger };
}
