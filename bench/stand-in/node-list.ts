/**
 * CLUSTER NODES of a cluster that does not exist, as each of its nodes would say it: lines in the form of captured
 * ones, in another order at every node (servers list a hash table), with times that no two nodes agree on.
 */
import { createHash } from 'node:crypto';
import type { CapturedReplies } from './capture.ts';

export interface StandInNode {
  readonly host: string;
  readonly port: number;
  readonly id: string;
  readonly epoch: number;
  /** Of a primary: its slots as CLUSTER NODES writes them. */
  readonly slots?: string;
  /** Of a replica. */
  readonly primaryId?: string;
}

export interface Listener {
  readonly host: string;
  readonly port: number;
}

const SLOT_COUNT = 16384;
const BUS_PORT_OFFSET = 10_000;
/** Nodes ping whoever was silent for half the node timeout, so a pong is at most that old. */
const OLDEST_PONG_MS = 7500;
/** One ping in so many is under way, and has its time in the list. */
const PINGS_UNDER_WAY = 8;

/** The first half are primaries, which share the slots; each has one replica in the second half. */
export function layOut(listeners: readonly Listener[]): StandInNode[] {
  const primaries = listeners.length / 2;
  if (!Number.isInteger(primaries))
    throw new RangeError('half the nodes are replicas: the number must be even');
  const border = (i: number) => Math.round((i * SLOT_COUNT) / primaries);
  const idOf = (i: number) => createHash('sha1').update(`stand-in ${i}`).digest('hex');
  return listeners.map(({ host, port }, i) => {
    const facts = { host, port, id: idOf(i), epoch: (i % primaries) + 1 };
    return i < primaries
      ? { ...facts, slots: `${border(i)}-${border(i + 1) - 1}` }
      : { ...facts, primaryId: idOf(i - primaries) };
  });
}

/** The list as `own` says it. */
export function nodeList(nodes: readonly StandInNode[], own: StandInNode, captured: CapturedReplies): string {
  const random = pseudoRandom(own.port);
  const newestPongMs = Number(captured.primaryLine.split(' ')[5]);
  const lines = nodes.map(node => {
    if (node === own) return nodeLine(node, node.slots ? captured.ownPrimaryLine : captured.ownReplicaLine);
    const pongMs = newestPongMs - random(OLDEST_PONG_MS);
    const pingMs = random(PINGS_UNDER_WAY) === 0 ? pongMs + 1 : 0;
    const template = node.slots ? captured.primaryLine : captured.replicaLine;
    return nodeLine(node, template, [`${pingMs}`, `${pongMs}`]);
  });
  for (let i = lines.length - 1; i > 0; i--) {
    const j = random(i + 1);
    [lines[i], lines[j]] = [`${lines[j]}`, `${lines[i]}`];
  }
  return `${lines.join('\n')}\n`;
}

/** A captured line with the facts of another node put into its place. */
function nodeLine(node: StandInNode, template: string, times?: readonly [string, string]): string {
  const { host, port, id, epoch, slots, primaryId } = node;
  const [, address = '', flags, , ping, pong, , link] = template.split(' ');
  // From 7.0 on the announced names follow the bus port, if only as a comma.
  const names = /^[^,]*:\d+@\d+(,.*)?$/.exec(address);
  if (!names || !link) throw new Error(`the servers write CLUSTER NODES in a form unknown here: ${template}`);
  const where = `${host}:${port}@${port + BUS_PORT_OFFSET}${names[1] ?? ''}`;
  const fields = [id, where, flags, primaryId ?? '-', ...(times ?? [ping, pong]), epoch, link];
  return [...fields, ...(slots ? [slots] : [])].join(' ');
}

/** Numbers below a limit, the same ones in every run, so that every run has the same work. */
function pseudoRandom(seed: number): (limit: number) => number {
  let state = seed;
  return limit => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    // The high bits: the low ones of such a generator hardly vary.
    return Math.floor((state / 2 ** 32) * limit);
  };
}
