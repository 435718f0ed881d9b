/** The commands that slotctl sends, each as the words on the wire and the way to read the reply. */
import type { Slot } from '../topology/slot-set.ts';
import { type ClusterNodesReply, decodeClusterNodes, type KnownLines } from './cluster-nodes.ts';
import type { Command } from './command.ts';
import type { Credentials } from './credentials.ts';
import { decodeInfo, type ServerInfo } from './info.ts';
import { asInteger, asOk, asText, ReplyShapeError } from './reply.ts';

export function auth({ user, password }: Credentials): Command<void> {
  const words = user === undefined ? ['AUTH', password.reveal()] : ['AUTH', user, password.reveal()];
  return { args: words, secret: [words.length - 1], decode: asOk };
}

export function info(): Command<ServerInfo> {
  return { args: ['INFO'], decode: decodeInfo };
}

export function clusterNodes(known?: KnownLines): Command<ClusterNodesReply> {
  return { args: ['CLUSTER', 'NODES'], decode: reply => decodeClusterNodes(reply, known) };
}

/** Only the state: the rest of CLUSTER INFO can be told from the nodes themselves. */
export function clusterState(): Command<'ok' | 'fail'> {
  return {
    args: ['CLUSTER', 'INFO'],
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

export function countKeysInSlot(slot: Slot): Command<number> {
  return { args: ['CLUSTER', 'COUNTKEYSINSLOT', `${slot}`], decode: asInteger };
}
