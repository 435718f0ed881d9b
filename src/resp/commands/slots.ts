/** The commands by which slots, and the keys in them, go from node to node the classic way. */
import type { NodeId } from '../../topology/node.ts';
import type { Slot } from '../../topology/slot-set.ts';
import type { Command, Word } from '../command.ts';
import type { Credentials } from '../credentials.ts';
import { asArray, asBytes, asInteger, asOk, asText, excerpt, type Reply, ReplyShapeError } from '../reply.ts';

/** Keys are bytes, not text. */
export type Key = Buffer;

function setSlot(slot: Slot, ...words: string[]): Command<void> {
  return { args: ['CLUSTER', 'SETSLOT', `${slot}`, ...words], decode: asOk };
}

/** Told to the node that a slot comes to. */
export function importing(slot: Slot, from: NodeId): Command<void> {
  return setSlot(slot, 'IMPORTING', from);
}

/** Told to the node that a slot leaves. */
export function migrating(slot: Slot, to: NodeId): Command<void> {
  return setSlot(slot, 'MIGRATING', to);
}

export function assignSlot(slot: Slot, owner: NodeId): Command<void> {
  return setSlot(slot, 'NODE', owner);
}

/** Ends a move on one side, whatever became of it. */
export function stable(slot: Slot): Command<void> {
  return setSlot(slot, 'STABLE');
}

export function keysInSlot(slot: Slot, most: number): Command<Key[]> {
  return {
    args: ['CLUSTER', 'GETKEYSINSLOT', `${slot}`, `${most}`],
    decode: reply => asArray(reply).map(asBytes),
  };
}

/** Bytes of a key and its value, of collections by a sample of their elements; undefined where the key is gone meanwhile. */
export function memoryUsage(key: Key): Command<number | undefined> {
  return {
    args: ['MEMORY', 'USAGE', key],
    decode: reply => (reply === null ? undefined : asInteger(reply)),
  };
}

export interface MigrateRequest {
  /** Where the source finds the target. */
  readonly host: string;
  readonly port: number;
  readonly database: number;
  readonly keys: readonly Key[];
  /** The server waits so long for every read and write. */
  readonly timeoutMs: number;
  /** Values at the target give way. */
  readonly replace: boolean;
  /** The keys stay at the source, too. */
  readonly copy?: boolean;
  readonly credentials?: Credentials;
}

/** Our own wait begins before the server's and includes reading all values: it must not be the shorter one. */
const REPLY_MARGIN_MS = 5000;

export function migrate(request: MigrateRequest): Command<'moved' | 'no-keys'> {
  const { host, port, database, keys, timeoutMs, replace, copy, credentials } = request;
  const head: Word[] = ['MIGRATE', host, `${port}`, '', `${database}`, `${timeoutMs}`];
  if (copy) head.push('COPY');
  if (replace) head.push('REPLACE');
  const secret: number[] = [];
  if (credentials) {
    const { user, password } = credentials;
    head.push(...(user === undefined ? ['AUTH'] : ['AUTH2', user]), password.reveal());
    secret.push(head.length - 1);
  }
  return {
    args: [...head, 'KEYS', ...keys],
    secret,
    replyTimeoutMs: 2 * timeoutMs + REPLY_MARGIN_MS,
    decode: reply => {
      const text = asText(reply);
      if (text !== 'OK' && text !== 'NOKEY')
        throw new ReplyShapeError(`expected OK or NOKEY, got '${excerpt(text)}'`);
      return text === 'OK' ? 'moved' : 'no-keys';
    },
  };
}

/** The value as the server would save it; undefined where there is none. */
export function dump(key: Key): Command<Buffer | undefined> {
  return { args: ['DUMP', key], decode: reply => (reply === null ? undefined : asBytes(reply)) };
}

/** Milliseconds to live; undefined where the key stays. One that is gone has none left: it must not come back to stay. */
export function timeToLive(key: Key): Command<number | undefined> {
  return {
    args: ['PTTL', key],
    decode: (reply: Reply) => {
      const ms = asInteger(reply);
      return ms === -1 ? undefined : Math.max(0, ms);
    },
  };
}

/** Lets the next command through at a node that only imports the slot. */
export function asking(): Command<void> {
  return { args: ['ASKING'], decode: asOk };
}

/** The connection can do nothing else from then on. */
export function subscribe(channel: string): Command<void> {
  return {
    args: ['SUBSCRIBE', channel],
    decode: reply => {
      const [word = null] = asArray(reply);
      if (asText(word) !== 'subscribe') throw new ReplyShapeError('not subscribed');
    },
  };
}

/** Channels of this node that somebody has subscribed to. */
export function activeChannels(pattern: string): Command<string[]> {
  return { args: ['PUBSUB', 'CHANNELS', pattern], decode: reply => asArray(reply).map(asText) };
}
