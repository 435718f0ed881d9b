/**
 * CLUSTER NODES, in every dialect from Redis 3.0 to 8.6 and Valkey 9.1. This is the only place that reads it:
 *
 *   <id> <ip>:<port>[@<busport>][,<hostname>[,<aux>…]] <flags> <primary id | -> <ping> <pong> <epoch> <link> <slots>…
 *
 * The dialects differ in the address field only. 3.x has no bus port; 7.0 appends a host name when one is announced;
 * nodes.conf of 7.2 and later has further `key=value` fields there. An ip may be empty (a node that nobody has met
 * yet), and an IPv6 address stands there without brackets, so host and port part at the last colon.
 */
import { type Address, type ClusterNode, isNodeId, type NodeId, type OpenSlots } from '../topology/node.ts';
import { isSlot, parseRange, SLOT_COUNT, type Slot, type SlotRange, SlotSet } from '../topology/slot-set.ts';
import { KnownLines, viewOf } from './known-lines.ts';
import { asBytes, excerpt, type Reply, ReplyShapeError } from './reply.ts';
import { MAX_NODE_LINES } from './reply-bounds.ts';

export interface ClusterNodesReply {
  readonly nodes: readonly ClusterNode[];
  readonly self: ClusterNode;
  readonly open: OpenSlots;
  /** Where the node's own bus listens; it tells that even before it knows its own address. */
  readonly busPort?: number;
}

const MAX_PORT = 65535;
const HOST = /^[\w.:%-]{1,255}$/;
const FLAG = /^[\w?]{1,40}$/;
const NEWLINE = 0x0a;
/** Those of every line, and each slot by itself, and open. */
const MAX_FIELDS = 8 + 2 * SLOT_COUNT;

export function decodeClusterNodes(reply: Reply, known = new KnownLines()): ClusterNodesReply {
  const bytes = asBytes(reply);
  const view = viewOf(bytes);
  const lines: number[] = [];
  let own: OwnLine | undefined;
  for (let from = 0; from < bytes.length; ) {
    const found = known.find(view, from);
    if (found >= 0) {
      if (lines.push(found) > MAX_NODE_LINES) throw tooManyLines();
      from = known.foundTo;
      continue;
    }
    const newline = bytes.indexOf(NEWLINE, from);
    const line = bytes.subarray(from, newline === -1 ? bytes.length : newline);
    from += line.length + 1;
    const text = line.toString('latin1').trimEnd();
    // nodes.conf has a last line that is about no node.
    if (text === '' || text.startsWith('vars ')) continue;
    if (lines.length >= MAX_NODE_LINES) throw tooManyLines();
    const fields = splitLine(text);
    if (!fields.flags.includes('myself')) {
      lines.push(known.add(`${text}\n`, readNode(fields, text)));
      continue;
    }
    if (own) throw new ReplyShapeError('two nodes are flagged myself');
    own = readOwnLine(fields, text, known);
    lines.push(own.line);
  }
  if (!own) throw new ReplyShapeError('no node is flagged myself');
  const twice = known.twice(lines);
  if (twice) throw new ReplyShapeError(`node ${twice.id} is listed twice`);
  const { line: ownLine, ...itsOwn } = own;
  return { nodes: known.roll(lines), self: known.node(ownLine), ...itsOwn };
}

function tooManyLines(): ReplyShapeError {
  return new ReplyShapeError(`more than ${MAX_NODE_LINES} lines, each of a node`);
}

interface OwnLine extends Pick<ClusterNodesReply, 'open' | 'busPort'> {
  readonly line: number;
}

/** As the others would write it, the own line is remembered too; only the rest of it is the node's own. */
function readOwnLine(fields: LineFields, text: string, known: KnownLines): OwnLine {
  const open = readOpenSlots(fields.slots, text);
  const plain = `${text.replace(/\bmyself,/, '').replace(/ \[[^\]]*\]/g, '')}\n`;
  const found = known.find(viewOf(Buffer.from(plain, 'latin1')), 0);
  const busPort = Number(/@(\d{1,5})/.exec(fields.address)?.[1] ?? 0);
  const line = found >= 0 ? found : known.add(plain, readNode(fields, text));
  return { line, open, ...(busPort > 0 && { busPort }) };
}

interface LineFields {
  readonly id: string;
  readonly address: string;
  readonly flags: readonly string[];
  readonly primary: string;
  readonly epoch: string;
  readonly link: string;
  readonly slots: readonly string[];
}

function splitLine(line: string): LineFields {
  const fields = line.trimEnd().split(' ', MAX_FIELDS + 1);
  if (fields.length > MAX_FIELDS) throw new ReplyShapeError('a line with more ranges than there are slots');
  const [id, address, flags, primary, ping, pong, epoch, link, ...slots] = fields;
  if (!id || address === undefined || !flags || !primary || !ping || !pong || !epoch || !link) {
    throw new ReplyShapeError(`'${excerpt(line)}' is not a line about a node`);
  }
  return { id, address, flags: flags.split(','), primary, epoch, link, slots };
}

function readNode(
  { id, address, flags, primary, epoch, link, slots }: LineFields,
  line: string,
): ClusterNode {
  const complain = (what: string) => new ReplyShapeError(`${what} in '${excerpt(line)}'`);
  if (!isNodeId(id)) throw complain('a malformed node id');
  if (!/^\d{1,20}$/.test(epoch)) throw complain('a malformed epoch');
  if (!flags.every(flag => FLAG.test(flag))) throw complain('a malformed flag');
  if (link !== 'connected' && link !== 'disconnected') throw complain('an unknown link state');
  const where = flags.includes('noaddr') ? undefined : readAddress(address, complain);
  const facts = {
    id,
    ...(where && { address: where }),
    flags: flags.filter(flag => flag !== 'myself'),
    health: flags.includes('fail') ? 'failed' : flags.includes('fail?') ? 'suspected' : 'ok',
    configEpoch: Number(epoch),
    linked: link === 'connected',
  } as const;
  if (flags.includes('handshake')) return { ...facts, role: 'stranger', handshake: true };
  const owned = SlotSet.fromRanges(
    slots.filter(token => !token.startsWith('[')).map(t => readRange(t, complain)),
  );
  // Servers have said `slave` since 3.0 and Valkey still does; `replica` is read for the day on which that changes.
  if (flags.includes('slave') || flags.includes('replica')) {
    // In the middle of a failover Valkey says for a moment that a replica has slots. It has none.
    if (primary === '-') return { ...facts, role: 'replica' };
    if (!isNodeId(primary)) throw complain('a malformed primary id');
    return { ...facts, role: 'replica', primary };
  }
  if (flags.includes('master') || flags.includes('primary'))
    return { ...facts, role: 'primary', slots: owned };
  if (owned.size > 0) throw complain('slots of a node without a role');
  return { ...facts, role: 'stranger', handshake: false };
}

/** Undefined for a node that nobody knows how to reach: port 0, or neither ip nor host name. */
function readAddress(field: string, complain: (what: string) => Error): Address | undefined {
  const [endpoint = '', hostname = ''] = field.split(',');
  const match = /^(.*):(\d{1,5})(?:@(\d{1,5}))?$/.exec(endpoint);
  if (!match) throw complain('a malformed address');
  const [, ip = '', portText = '', busText] = match;
  const port = Number(portText);
  const busPort = busText === undefined ? undefined : Number(busText);
  if (port > MAX_PORT || (busPort ?? 0) > MAX_PORT) throw complain('a port above 65535');
  const host = ip || hostname;
  if (!host || port === 0) return undefined;
  // Whatever passes here is printed to terminals later.
  if (!HOST.test(host) || (hostname && !HOST.test(hostname))) throw complain('a malformed host');
  return { host, port, ...(busPort && { busPort }), ...(hostname && { hostname }) };
}

function readRange(token: string, complain: (what: string) => Error): SlotRange {
  try {
    return parseRange(token);
  } catch {
    throw complain(`a malformed slot range '${excerpt(token)}'`);
  }
}

/** `[93->-<id>]`: slot 93 is leaving for that node; `[93-<-<id>]`: it is coming from there. */
function readOpenSlots(tokens: readonly string[], line: string): OpenSlots {
  const migrating = new Map<Slot, NodeId>();
  const importing = new Map<Slot, NodeId>();
  for (const token of tokens) {
    if (!token.startsWith('[')) continue;
    const match = /^\[(\d{1,5})-([<>])-(\w+)\]$/.exec(token);
    const slot = Number(match?.[1]);
    const peer = match?.[3] ?? '';
    if (!match || !isSlot(slot) || !isNodeId(peer)) {
      throw new ReplyShapeError(`a malformed open slot '${excerpt(token)}' in '${excerpt(line)}'`);
    }
    (match[2] === '>' ? migrating : importing).set(slot, peer);
  }
  return { migrating, importing };
}
