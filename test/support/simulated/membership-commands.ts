/** CLUSTER commands by which nodes meet, follow, forget and begin anew, and those that tell of it. */
import type { Reply } from '../../../src/resp/reply.ts';
import { SLOT_COUNT } from '../../../src/topology/slot-set.ts';
import { bytes, err, OK } from './answers.ts';
import { BAN_MS, type Peer, type Place, type SimulatedNode, UNKNOWN } from './node.ts';

const PORT_LIMIT = 65536;
const BUS_OFFSET = 10_000;

export function meet(node: SimulatedNode, [host = '', portWord = '', busWord]: readonly string[]): Reply {
  const port = Number(portWord);
  if (!/^\d+$/.test(portWord)) return err(`Invalid base port specified: ${portWord}`);
  const busPort = busWord === undefined ? port + BUS_OFFSET : Number(busWord);
  if (!/^[\d.]+$|:/.test(host) || port <= 0 || port >= PORT_LIMIT || !(busPort < PORT_LIMIT))
    return err(`Invalid node address specified: ${host}:${portWord}`);
  const under = [...node.handshakes.values()].some(place => place.host === host && place.port === port);
  if (!under) node.handshakes.set(node.newName(), { host, port, busPort });
  return OK;
}

export function forget(node: SimulatedNode, [id = '']: readonly string[], nowMs: number): Reply {
  if (!node.knows(id)) {
    return node.knowsShards && node.isBanned(id, nowMs) ? OK : err(`Unknown node ${id}`);
  }
  if (id === node.id) return err("I tried hard but I can't forget myself...");
  if (id === node.primary) return err("Can't forget my master!");
  node.bans.set(id, nowMs + BAN_MS);
  node.forgetPeer(id);
  return OK;
}

export function replicate(node: SimulatedNode, [id = '']: readonly string[]): Reply {
  if (!node.knows(id)) return err(`Unknown node ${id}`);
  if (id === node.id) return err("Can't replicate myself");
  if (node.takesForReplica(id)) return err('I can only replicate a master, not a replica.');
  if (node.isPrimary && (node.slots.countOf(node.id) > 0 || node.data.size() > 0))
    return err('To set a master the node must be empty and without assigned slots.');
  node.becomeReplicaOf(id);
  return OK;
}

export function reset(node: SimulatedNode, [mode = 'soft']: readonly string[]): Reply {
  const hard = mode.toLowerCase() === 'hard';
  if (!hard && mode.toLowerCase() !== 'soft') return err('syntax error');
  if (node.isPrimary && node.data.size() > 0)
    return err("CLUSTER RESET can't be called with master nodes containing keys");
  node.reset(hard);
  return OK;
}

export function setConfigEpoch(node: SimulatedNode, [word = '']: readonly string[]): Reply {
  const epoch = Number(word);
  if (!/^-?\d+$/.test(word)) return err('value is not an integer or out of range');
  if (epoch < 0) return err(`Invalid config epoch specified: ${epoch}`);
  if (node.peers.size > 0)
    return err('The user can assign a config epoch only when the node does not know any other node.');
  if (node.configEpoch !== 0) return err('Node config epoch is already non-zero');
  node.configEpoch = epoch;
  node.currentEpoch = Math.max(node.currentEpoch, epoch);
  return OK;
}

export function bumpEpoch(node: SimulatedNode): Reply {
  const word = node.bumpEpoch() ? 'BUMPED' : 'STILL';
  return bytes(`${word} ${node.configEpoch}`);
}

/** All slots have an owner that is not failed, and a majority of the owners is heard. */
export function isOk(node: SimulatedNode): boolean {
  if (!node.slots.isComplete) return false;
  const { owners } = node.slots;
  const health = owners.map(id => (id === node.id ? 'ok' : node.peers.get(id)?.health));
  if (health.includes('failed')) return false;
  return health.filter(state => state === 'ok').length > owners.length / 2;
}

export function clusterInfo(node: SimulatedNode): Reply {
  const lines = [
    `cluster_state:${isOk(node) ? 'ok' : 'fail'}`,
    `cluster_slots_assigned:${node.slots.assigned}`,
    `cluster_known_nodes:${1 + node.peers.size}`,
    `cluster_size:${node.slots.owners.length}`,
    `cluster_current_epoch:${node.currentEpoch}`,
    `cluster_my_epoch:${node.epochOf(node.primary ?? node.id)}`,
  ];
  return bytes(lines.map(line => `${line}\r\n`).join(''));
}

export function nodeLines(node: SimulatedNode): Reply {
  const own = {
    ...describe(node, node.id, node.place, node.primary, 'ok', true),
    host: node.knowsItsIp ? node.place.host : '',
    flags: ['myself'],
  };
  const lines = [
    [line(own), ...openSlots(node)].join(' '),
    ...[...node.peers.values()].map(peer => line(describePeer(node, peer))),
    ...[...node.handshakes].map(
      ([id, { host, port, busPort }]) => `${id} ${host}:${port}@${busPort} handshake - 0 0 0 disconnected`,
    ),
  ];
  return bytes(lines.map(text => `${text}\n`).join(''));
}

interface Described {
  readonly id: string;
  readonly host: string;
  readonly place: Place;
  readonly flags: readonly string[];
  readonly primary: string | undefined;
  readonly health: Peer['health'];
  readonly epoch: number;
  readonly linked: boolean;
  readonly slots: string;
}

function describePeer(node: SimulatedNode, { id, place, primary, health, linked }: Peer): Described {
  return describe(node, id, place, primary, health, linked);
}

function describe(
  node: SimulatedNode,
  id: string,
  place: Place,
  primary: string | undefined,
  health: Peer['health'],
  linked: boolean,
): Described {
  // Of a replica the epoch of its primary is told.
  const epoch = node.epochOf(primary === undefined || primary === UNKNOWN ? id : primary);
  const slots = primary === undefined ? node.slots.textOf(id) : '';
  return { id, host: place.host, place, flags: [], primary, health, epoch, linked, slots };
}

function line({ id, host, place, flags, primary, health, epoch, linked, slots }: Described): string {
  const role = primary === undefined ? 'master' : 'slave';
  const failing = health === 'failed' ? ['fail'] : health === 'suspected' ? ['fail?'] : [];
  const words = [
    id,
    `${host}:${place.port}@${place.busPort}`,
    [...flags, role, ...failing].join(','),
    primary ?? '-',
    '0 0',
    `${epoch}`,
    linked ? 'connected' : 'disconnected',
  ];
  return [...words, ...(slots === '' ? [] : [slots])].join(' ');
}

function openSlots({ migrating, importing }: SimulatedNode): string[] {
  const marks = [...new Set([...migrating.keys(), ...importing.keys()])].filter(slot => slot < SLOT_COUNT);
  return marks
    .sort((a, b) => a - b)
    .map(slot => {
      const to = migrating.get(slot);
      return to === undefined ? `[${slot}-<-${importing.get(slot)}]` : `[${slot}->-${to}]`;
    });
}
