/** What one node of a cluster is, in the words of whoever speaks about it. */
import { type Slot, SlotSet } from './slot-set.ts';

/** The forty hexadecimal digits by which a cluster knows a node. */
export type NodeId = string & { readonly __brand: 'NodeId' };

const NODE_ID = /^[0-9a-f]{40}$/;

export function isNodeId(text: string): text is NodeId {
  return NODE_ID.test(text);
}

export function nodeId(text: string): NodeId {
  if (!isNodeId(text)) throw new TypeError(`'${text}' is not a node id`);
  return text;
}

export interface Address {
  readonly host: string;
  readonly port: number;
  /** Where the cluster bus listens, when it is known. Servers add 10000 to the port unless told otherwise. */
  readonly busPort?: number;
  /** The name that the node announces beside its ip. */
  readonly hostname?: string;
}

/** Port 0 stands for a unix socket, whose host is its path. */
export function formatAddress({ host, port }: Address): string {
  if (port === 0) return host;
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Where other nodes find a node's bus. Servers take ip addresses only. */
export interface MeetingPoint {
  readonly ip: string;
  readonly port: number;
  readonly busPort: number;
}

/** A server's ports for clients and for the bus are this far apart unless it was told otherwise. */
export const USUAL_BUS_OFFSET = 10_000;

/** As CLUSTER MEET takes it: servers before 4.0 know no bus port, and the others need none that is the usual one. */
export function meetingWords({ ip, port, busPort }: MeetingPoint): string[] {
  return [ip, `${port}`, ...(busPort === port + USUAL_BUS_OFFSET ? [] : [`${busPort}`])];
}

/** How the speaker judges the node: `suspected` is its own opinion (`fail?`), `failed` what a majority agreed on. */
export type Health = 'ok' | 'suspected' | 'failed';

interface NodeFacts {
  readonly id: NodeId;
  /** Absent where the speaker does not know one (an empty ip, port 0, or the flag noaddr). */
  readonly address?: Address;
  /** The speaker's flags as it wrote them, without `myself`: for display. What they mean is in the other fields. */
  readonly flags: readonly string[];
  readonly health: Health;
  readonly configEpoch: number;
  /** Whether the speaker has a cluster bus link to the node. */
  readonly linked: boolean;
}

export interface Primary extends NodeFacts {
  readonly role: 'primary';
  readonly slots: SlotSet;
}

export interface Replica extends NodeFacts {
  readonly role: 'replica';
  /** Absent where the speaker does not know who the primary is. */
  readonly primary?: NodeId;
}

/** Known by name only: a handshake that is not through, or a node whose role nobody has told the speaker. */
export interface Stranger extends NodeFacts {
  readonly role: 'stranger';
  readonly handshake: boolean;
}

export type ClusterNode = Primary | Replica | Stranger;

export function slotsOf(node: ClusterNode | undefined): SlotSet {
  return node?.role === 'primary' ? node.slots : SlotSet.empty;
}

/** Slots on their way. Only the node itself tells, about itself. */
export interface OpenSlots {
  readonly migrating: ReadonlyMap<Slot, NodeId>;
  readonly importing: ReadonlyMap<Slot, NodeId>;
}
