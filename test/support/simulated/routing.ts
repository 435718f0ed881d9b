/** Whether a node serves a command about these keys, or sends whoever asks elsewhere. After getNodeByQuery. */
import type { ErrorReply } from '../../../src/resp/reply.ts';
import { refusal } from './answers.ts';
import { slotOf, type Value } from './dataset.ts';
import { isOk } from './membership-commands.ts';
import type { SimulatedNode } from './node.ts';

export interface Request {
  readonly keys: readonly string[];
  /** Said before, or part of what the command is. */
  readonly asking: boolean;
  readonly isMigrate?: boolean;
}

/** The reason for which the node does not serve it; undefined where it does. */
export function redirection(
  node: SimulatedNode,
  { keys, asking, isMigrate = false }: Request,
  look: (key: string) => Value | undefined,
): ErrorReply | undefined {
  const [first] = keys;
  if (first === undefined) return undefined;
  const slot = slotOf(first);
  const owner = node.slots.ownerOf(slot);
  if (owner === undefined) return refusal('CLUSTERDOWN Hash slot not served');
  if (keys.some(key => slotOf(key) !== slot))
    return refusal("CROSSSLOT Keys in request don't hash to the same slot");
  if (!isOk(node)) return refusal('CLUSTERDOWN The cluster is down');
  const isMigrating = owner === node.id && node.migrating.has(slot);
  const isImporting = !isMigrating && node.importing.has(slot);
  if ((isMigrating || isImporting) && isMigrate) return undefined;
  const missing = keys.filter(key => look(key) === undefined).length;
  if (isMigrating && missing > 0) {
    if (missing < keys.length) return TRY_AGAIN;
    // Redis takes it that a node gives a slot to itself, and then sends nobody away.
    if (node.migrating.get(slot) === node.id) return undefined;
    return refusal(`ASK ${slot} ${addressOf(node, node.migrating.get(slot))}`);
  }
  if (isImporting && asking) return keys.length > 1 && missing > 0 ? TRY_AGAIN : undefined;
  if (owner === node.id) return undefined;
  return refusal(`MOVED ${slot} ${addressOf(node, owner)}`);
}

const TRY_AGAIN = refusal('TRYAGAIN Multiple keys request during rehashing of slot');

function addressOf(node: SimulatedNode, id: string | undefined): string {
  const place = id === undefined ? undefined : node.peers.get(id)?.place;
  return place ? `${place.host}:${place.port}` : node.address;
}
