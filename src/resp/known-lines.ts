/**
 * Lines of CLUSTER NODES that were read before. In a cluster of a thousand nodes a thousand replies hold the same
 * thousand lines, each reply in another order and with other times of the last ping and pong. Reading a million lines
 * takes seconds; recognising them takes a tenth of one. So a line is compared, around its two times, with the one that
 * the same node had before, and replies that say the same come to be one and the same list.
 *
 * A line is a number, and what is known of it stands in columns of numbers: with an object for each line, going from
 * object to object takes longer than all comparing.
 */
import type { ClusterNode, NodeId } from '../topology/node.ts';
import { ReplyShapeError } from './reply.ts';

const SPACE = 0x20;
const NEWLINE = 0x0a;
/** Id, address, flags, primary; then the last ping and the last pong. */
const FIELDS_BEFORE_TIMES = 4;
const TIMES = 2;
const NONE = -1;
/** Lines whose ids begin alike that are compared. Only who makes up ids has more; then lines are read once more. */
const MAX_ALIKE = 256;
/** Kept of all replies together: some hundred thousand are what thousands of nodes say that agree on nothing. */
export const MAX_KEPT = 256 * 1024;

interface Roll {
  readonly nodes: readonly ClusterNode[];
  /** A bit for each line that belongs to it. */
  readonly members: Uint32Array;
}

export class KnownLines {
  /** By a hash of the first bytes of the id: the newest line that begins so, plus one. */
  #newest = new Int32Array(1 << 10);
  /** For each line the next older one with the same hash, and where its bytes are kept: those before the times, and
   * right behind them those after. */
  #older = new Int32Array(1 << 8);
  #start = new Int32Array(1 << 8);
  #headLength = new Int32Array(1 << 8);
  #tailLength = new Int32Array(1 << 8);
  /** For each line its node's ordinal, and for each ordinal the reply in which the node was met last. */
  #ordinal = new Int32Array(1 << 8);
  readonly #metIn: number[] = [];
  readonly #ordinals = new Map<NodeId, number>();
  readonly #nodes: ClusterNode[] = [];
  #bytes: DataView = viewOf(new Uint8Array(1 << 15));
  #bytesUsed = 0;
  #replies = 0;
  /** Replies that were read before, by a sum over the numbers of their lines. */
  readonly #rolls = new Map<number, Roll[]>();

  /** Where the line ends that was found last, its line feed included. */
  foundTo = 0;

  node(line: number): ClusterNode {
    const node = this.#nodes[line];
    if (!node) throw new RangeError(`there is no line ${line}`);
    return node;
  }

  /** The known line that stands in the bytes from the given place on, or -1. */
  find(bytes: DataView, from: number): number {
    if (from + 8 > bytes.byteLength) return NONE;
    const known = this.#bytes;
    let line = (this.#newest[this.#hash(bytes, from)] as number) - 1;
    for (let tried = 0; line !== NONE && tried < MAX_ALIKE; line = this.#older[line] as number, tried++) {
      const start = this.#start[line] as number;
      const headLength = this.#headLength[line] as number;
      if (!equal(bytes, from, known, start, headLength)) continue;
      const tailLength = this.#tailLength[line] as number;
      const behind = skipFields(bytes, from + headLength, TIMES);
      if (!equal(bytes, behind, known, start + headLength, tailLength)) continue;
      this.foundTo = behind + tailLength;
      return line;
    }
    return NONE;
  }

  /** Remembers a line, given with its line feed. */
  add(text: string, node: ClusterNode): number {
    if (this.#nodes.length >= MAX_KEPT)
      throw new ReplyShapeError(`with it there are more than ${MAX_KEPT} different lines of nodes`);
    const bytes = Buffer.from(text, 'latin1');
    const times = skipFields(viewOf(bytes), 0, FIELDS_BEFORE_TIMES);
    const behind = skipFields(viewOf(bytes), times, TIMES);
    const line = this.#nodes.push(node) - 1;
    this.#makeRoom(line, bytes.length);
    const kept = Buffer.from(this.#bytes.buffer);
    const start = this.#bytesUsed;
    this.#bytesUsed += bytes.copy(kept, start, 0, times);
    this.#bytesUsed += bytes.copy(kept, this.#bytesUsed, behind);
    this.#start[line] = start;
    this.#headLength[line] = times;
    this.#tailLength[line] = bytes.length - behind;
    this.#ordinal[line] = this.#ordinalOf(node.id);
    this.#link(line);
    return line;
  }

  /** A node that has two of the lines, if there is one. */
  twice(lines: readonly number[]): ClusterNode | undefined {
    const reply = ++this.#replies;
    for (const line of lines) {
      const ordinal = this.#ordinal[line] as number;
      if (this.#metIn[ordinal] === reply) return this.#nodes[line];
      this.#metIn[ordinal] = reply;
    }
    return undefined;
  }

  /** The nodes of a reply: the same list for every reply with the same lines, in whatever order they stand there. */
  roll(lines: readonly number[]): readonly ClusterNode[] {
    let sum = 0;
    for (const line of lines) sum += Math.imul(line + 1, 0x9e3779b1) >>> 0;
    const candidates = this.#rolls.get(sum) ?? [];
    const same = candidates.find(roll => roll.nodes.length === lines.length && hasAll(roll, lines));
    if (same) return same.nodes;
    const members = new Uint32Array((this.#nodes.length >> 5) + 1);
    for (const line of lines) members[line >> 5] = (members[line >> 5] as number) | (1 << (line & 31));
    const roll: Roll = { nodes: lines.map(line => this.node(line)), members };
    this.#rolls.set(sum, [...candidates, roll]);
    return roll.nodes;
  }

  /** Of the first eight digits: ids are random, so that two nodes seldom have the same. */
  #hash(bytes: DataView, from: number): number {
    const mixed = Math.imul(
      bytes.getInt32(from, true) ^ Math.imul(bytes.getInt32(from + 4, true), 31),
      0x9e3779b1,
    );
    return (mixed >>> 8) & (this.#newest.length - 1);
  }

  #link(line: number): void {
    const slot = this.#hash(this.#bytes, this.#start[line] as number);
    this.#older[line] = (this.#newest[slot] as number) - 1;
    this.#newest[slot] = line + 1;
  }

  #ordinalOf(id: NodeId): number {
    const known = this.#ordinals.get(id) ?? this.#ordinals.size;
    this.#ordinals.set(id, known);
    return known;
  }

  #makeRoom(line: number, bytes: number): void {
    if (this.#bytesUsed + bytes > this.#bytes.byteLength) {
      const larger = new Uint8Array(2 * (this.#bytesUsed + bytes));
      larger.set(new Uint8Array(this.#bytes.buffer));
      this.#bytes = viewOf(larger);
    }
    if (line < this.#older.length) return;
    this.#older = doubled(this.#older);
    this.#start = doubled(this.#start);
    this.#headLength = doubled(this.#headLength);
    this.#tailLength = doubled(this.#tailLength);
    this.#ordinal = doubled(this.#ordinal);
    this.#newest = new Int32Array(2 * this.#newest.length);
    for (let known = 0; known < line; known++) this.#link(known);
  }
}

function doubled(column: Int32Array): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(2 * column.length);
  larger.set(column);
  return larger;
}

function hasAll({ members }: Roll, lines: readonly number[]): boolean {
  for (const line of lines) {
    if (((members[line >> 5] ?? 0) & (1 << (line & 31))) === 0) return false;
  }
  return true;
}

/** Through such a view bytes can be compared four at a time, wherever they begin. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Sixteen bytes in a step: nothing else that is done to a line takes as long. */
function equal(a: DataView, fromA: number, b: DataView, fromB: number, length: number): boolean {
  if (fromA + length > a.byteLength) return false;
  let at = 0;
  for (; at + 16 <= length; at += 16) {
    const differ =
      (a.getInt32(fromA + at, true) ^ b.getInt32(fromB + at, true)) |
      (a.getInt32(fromA + at + 4, true) ^ b.getInt32(fromB + at + 4, true)) |
      (a.getInt32(fromA + at + 8, true) ^ b.getInt32(fromB + at + 8, true)) |
      (a.getInt32(fromA + at + 12, true) ^ b.getInt32(fromB + at + 12, true));
    if (differ !== 0) return false;
  }
  for (; at < length; at++) {
    if (a.getUint8(fromA + at) !== b.getUint8(fromB + at)) return false;
  }
  return true;
}

/** Behind so many fields and the spaces that end them, but not past the end of the line. */
function skipFields(bytes: DataView, from: number, fields: number): number {
  const { byteLength } = bytes;
  let at = from;
  for (let left = fields; left > 0 && at < byteLength; at++) {
    const byte = bytes.getUint8(at);
    if (byte === SPACE) left--;
    else if (byte === NEWLINE) return at;
  }
  return at;
}
