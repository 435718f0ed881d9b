/** Sends one command to many nodes. */
import { anyCommand, objectionTo, secretsAmong } from '../resp/commands/call.ts';
import { NodeError } from '../resp/errors.ts';
import type { Fleet } from '../resp/fleet.ts';
import type { Reply } from '../resp/reply.ts';
import type { Called } from '../topology/node-order.ts';
import { inOrder } from './in-order.ts';

/** So many replies may be held at a time, each of them up to these limits; an element takes more than its bytes. */
const NODES_AT_A_TIME = 32;
export const CALL_LIMITS = { maxReplyBytes: 64 * 1024 * 1024, maxElements: 1_000_000 };

export interface NodeAnswer {
  readonly node: Called;
  /** Without a reason for there being no reply, nobody knows the address. */
  readonly outcome:
    | { readonly kind: 'reply'; readonly reply: Reply }
    | { readonly kind: 'none'; readonly reason?: string };
}

/** In the order of the nodes. A node that did not answer before is not asked again. */
export function callNodes(
  fleet: Fleet,
  nodes: readonly Called[],
  words: readonly string[],
): AsyncGenerator<NodeAnswer> {
  const command = anyCommand(words);
  return inOrder(nodes, NODES_AT_A_TIME, async (node): Promise<NodeAnswer> => {
    const { silence } = node;
    if (silence !== undefined) return { node, outcome: { kind: 'none', reason: silence } };
    if (!node.address) return { node, outcome: { kind: 'none' } };
    try {
      return { node, outcome: { kind: 'reply', reply: await fleet.send(node.address, command) } };
    } catch (error) {
      if (!(error instanceof NodeError)) throw error;
      return { node, outcome: { kind: 'none', reason: error.message } };
    }
  });
}

export interface Spoken {
  /** The words as they may be shown. */
  readonly shown: readonly string[];
  readonly hasSecrets: boolean;
  /** Why they are not sent. */
  readonly objection?: string;
}

export function aboutCommand(words: readonly string[]): Spoken {
  const secrets = secretsAmong(words);
  const objection = objectionTo(words);
  return {
    shown: words.map((word, i) => (secrets.includes(i) ? '***' : word)),
    hasSecrets: secrets.length > 0,
    ...(objection !== undefined && { objection }),
  };
}
