/** Every reply of a stand-in, made before anybody asks: answering must cost it less than a real server. */
import type { CapturedReplies } from './capture.ts';
import { nodeList, type StandInNode } from './node-list.ts';

export type Answer = (words: readonly string[]) => Buffer;

const KEYS_PER_NODE = 1000;

const OK = Buffer.from('+OK\r\n');
const PONG = Buffer.from('+PONG\r\n');
const KEYS = Buffer.from(`:${KEYS_PER_NODE}\r\n`);
const NONE = Buffer.from(':0\r\n');

/** For each node, in the same order, what it answers. */
export function answersOf(nodes: readonly StandInNode[], captured: CapturedReplies): Answer[] {
  const primaryInfo = bulk(captured.primaryInfo);
  const replicaInfo = bulk(captured.replicaInfo);
  const clusterInfo = bulk(
    captured.clusterInfo
      .replace(/^cluster_known_nodes:\d+/m, `cluster_known_nodes:${nodes.length}`)
      .replace(/^cluster_size:\d+/m, `cluster_size:${nodes.length / 2}`),
  );
  return nodes.map(node => {
    const replies = new Map([
      ['INFO', node.slots ? primaryInfo : replicaInfo],
      ['CLUSTER NODES', bulk(nodeList(nodes, node, captured))],
      ['CLUSTER INFO', clusterInfo],
      ['CLUSTER MYID', bulk(node.id)],
      ['CLUSTER COUNTKEYSINSLOT', NONE],
      ['DBSIZE', KEYS],
      ['PING', PONG],
      ['AUTH', OK],
    ]);
    return words => replies.get(commandName(words)) ?? unknown(words);
  });
}

export function commandName([first = '', second = '']: readonly string[]): string {
  const name = first.toUpperCase();
  return name === 'CLUSTER' ? `${name} ${second.toUpperCase()}` : name;
}

function unknown(words: readonly string[]): Buffer {
  return Buffer.from(`-ERR unknown command '${words.slice(0, 2).join(' ')}'\r\n`);
}

function bulk(text: string): Buffer {
  return Buffer.from(`$${Buffer.byteLength(text)}\r\n${text}\r\n`);
}
