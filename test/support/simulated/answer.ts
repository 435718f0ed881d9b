/** What a simulated node says to the words that come over a connection. */
import { ErrorReply, type Reply } from '../../../src/resp/reply.ts';
import { bytes, err, OK } from './answers.ts';
import { infoText } from './info-text.ts';
import { answerAboutKeys, type KeyWorld } from './key-commands.ts';
import {
  bumpEpoch,
  clusterInfo,
  forget,
  meet,
  nodeLines,
  replicate,
  reset,
  setConfigEpoch,
} from './membership-commands.ts';
import type { SimulatedNode } from './node.ts';
import type { Session } from './session.ts';
import {
  addSlotRanges,
  addSlots,
  applySetSlot,
  countKeysInSlot,
  getKeysInSlot,
  setSlot,
  slotStats,
} from './slot-commands.ts';

export interface World extends KeyWorld {
  /** The node tells everybody how things are. */
  announce(node: SimulatedNode): void;
  crash(node: SimulatedNode): void;
  takeOver(heir: SimulatedNode): void;
  follows(replica: SimulatedNode): boolean;
  replicasOf(node: SimulatedNode): SimulatedNode[];
}

/** The connection ends instead of an answer. */
export const HANGS_UP = Symbol('hangs up');

export function answer(
  node: SimulatedNode,
  session: Session,
  words: readonly string[],
  world: World,
): Reply | typeof HANGS_UP {
  const name = words[0]?.toUpperCase() ?? '';
  if (session.queued && !['EXEC', 'MULTI', 'DISCARD'].includes(name)) {
    session.queued.push([...words]);
    return bytes('QUEUED');
  }
  const reply = reactTo(name, node, session, words, world);
  if (name !== 'ASKING') session.asking = false;
  return reply;
}

function reactTo(
  name: string,
  node: SimulatedNode,
  session: Session,
  words: readonly string[],
  world: World,
): Reply | typeof HANGS_UP {
  switch (name) {
    case 'PING':
      return bytes('PONG');
    case 'CLUSTER':
      return cluster(node, session, words.slice(1), world);
    case 'INFO':
      return bytes(infoText(node, words[1], world.follows(node)));
    case 'SELECT':
      return select(node, session, words[1]);
    case 'ASKING':
      session.asking = true;
      return OK;
    case 'DBSIZE':
      return node.data.size(session.database);
    case 'CONFIG':
      return configGet(node, words[2] ?? '');
    case 'FUNCTION':
      return callFunctions(node, words);
    case 'MEMORY':
      return 64;
    case 'CLIENT':
      return OK;
    case 'WAIT':
      return world.replicasOf(node).length;
    case 'SHUTDOWN':
      world.crash(node);
      return HANGS_UP;
    case 'SUBSCRIBE':
      session.channel = words[1];
      return [bytes('subscribe'), bytes(words[1] ?? ''), 1];
    case 'PUBSUB':
      return channels(node, words[2] ?? '');
    case 'WATCH':
      return watch(node, session, words.slice(1), world);
    case 'UNWATCH':
      session.watched.clear();
      return OK;
    case 'MULTI':
      session.queued = [];
      return OK;
    case 'EXEC':
      return exec(node, session, world);
    default: {
      const reply = answerAboutKeys(node, session, words, world);
      if (reply !== undefined) return reply;
      return err(`unknown command '${words[0]}', with args beginning with: `);
    }
  }
}

function watch(node: SimulatedNode, session: Session, keys: readonly string[], world: World): Reply {
  // Whoever is sent elsewhere for a key is sent there for this, too.
  const there = answerAboutKeys(node, session, ['EXISTS', ...keys], world);
  if (there instanceof ErrorReply) return there;
  for (const key of keys) session.watched.set(key, node.data.get(session.database, key)?.content);
  return OK;
}

/** Only patterns that end in a star are asked for. */
function channels({ sessions }: SimulatedNode, pattern: string): Reply {
  const all = [...sessions].flatMap(({ channel }) => (channel === undefined ? [] : [channel]));
  return all.filter(channel => channel.startsWith(pattern.slice(0, -1))).map(bytes);
}

function cluster(node: SimulatedNode, session: Session, words: readonly string[], world: World): Reply {
  const [name = '', ...rest] = words;
  const unknown = () => err(`unknown subcommand '${name}'. Try CLUSTER HELP.`);
  switch (name.toUpperCase()) {
    case 'NODES':
      return nodeLines(node);
    case 'INFO':
      return clusterInfo(node);
    case 'MYID':
      return bytes(node.id);
    case 'MEET':
      return meet(node, rest);
    case 'FORGET':
      return forget(node, rest, world.nowMs);
    case 'REPLICATE':
      return replicate(node, rest);
    case 'FAILOVER':
      return failOver(node, rest, world);
    case 'RESET':
      return reset(node, rest);
    case 'SETSLOT':
      return setSlotEverywhere(node, rest, world);
    case 'ADDSLOTS':
      return addSlots(node, rest, true);
    case 'DELSLOTS':
      return addSlots(node, rest, false);
    case 'ADDSLOTSRANGE':
      return node.knowsRanges ? addSlotRanges(node, rest, true) : unknown();
    case 'DELSLOTSRANGE':
      return node.knowsRanges ? addSlotRanges(node, rest, false) : unknown();
    case 'SLOT-STATS':
      return slotStats(node);
    case 'MIGRATION':
      return migration(node, rest);
    case 'COUNTKEYSINSLOT':
      return countKeysInSlot(node, rest, session.database);
    case 'GETKEYSINSLOT':
      return getKeysInSlot(node, rest, session.database);
    case 'BUMPEPOCH':
      return bumpEpoch(node);
    case 'SET-CONFIG-EPOCH':
      return setConfigEpoch(node, rest);
    case 'COUNT-FAILURE-REPORTS':
      return node.knows(rest[0] ?? '') ? 0 : err(`Unknown node ${rest[0]}`);
    default:
      return unknown();
  }
}

function migration({ tasks }: SimulatedNode, [action = '', , name = '']: readonly string[]): Reply {
  if (action.toUpperCase() === 'CANCEL') return tasks.delete(name) ? 1 : 0;
  return [...tasks].map(([id, fields]) =>
    Object.entries({ id, ...fields })
      .flat()
      .map(bytes),
  );
}

/** Valkey has replicas do it too, so that a failover does not end a move. */
function setSlotEverywhere(node: SimulatedNode, words: readonly string[], world: World): Reply {
  const replicas = node.dialect.product === 'valkey' ? world.replicasOf(node) : [];
  const reply = setSlot(node, words, () => world.announce(node));
  if (!(reply instanceof ErrorReply)) for (const replica of replicas) applySetSlot(replica, words, () => {});
  return reply;
}

/** Only the way that asks nobody. */
function failOver(node: SimulatedNode, [how = '']: readonly string[], world: World): Reply {
  if (node.isPrimary) return err('You should send CLUSTER FAILOVER to a replica');
  if (how.toUpperCase() !== 'TAKEOVER') return err('syntax error');
  world.takeOver(node);
  return OK;
}

function select(node: SimulatedNode, session: Session, word = ''): Reply {
  const database = Number(word);
  if (!/^\d+$/.test(word)) return err('value is not an integer or out of range');
  // Only Valkey 9 lets a cluster have several, and only when it is told to.
  if (database > 0)
    return node.dialect.product === 'valkey'
      ? err('DB index is out of range')
      : err('SELECT is not allowed in cluster mode');
  session.database = database;
  return OK;
}

function configGet(node: SimulatedNode, name: string): Reply {
  const settings: Readonly<Record<string, string>> = {
    'tls-cluster': 'no',
    'cluster-announce-ip': '',
    'cluster-node-timeout': '15000',
    ...(node.dialect.product === 'valkey' && { 'cluster-databases': '1' }),
  };
  const value = settings[name.toLowerCase()];
  return value === undefined ? [] : [bytes(name.toLowerCase()), bytes(value)];
}

function callFunctions(node: SimulatedNode, [, action = '', payload]: readonly string[]): Reply {
  switch (action.toUpperCase()) {
    case 'DUMP':
      return node.functions;
    case 'LIST':
      return [];
    case 'RESTORE':
      node.functions = bytes(payload ?? '');
      return OK;
    default:
      return err(`unknown subcommand '${action}'. Try FUNCTION HELP.`);
  }
}

function exec(node: SimulatedNode, session: Session, world: World): Reply {
  const { queued } = session;
  if (!queued) return err('EXEC without MULTI');
  session.queued = undefined;
  const hasChanged = [...session.watched].some(
    ([key, content]) => node.data.get(session.database, key)?.content !== content,
  );
  session.watched.clear();
  if (hasChanged) return null;
  return queued.map(words => {
    const reply = answer(node, session, words, world);
    return reply === HANGS_UP ? new ErrorReply('ERR not in a transaction') : reply;
  });
}
