/** CLUSTER SETSLOT, ADDSLOTS, DELSLOTS and those that count and list keys. */
import type { Reply } from '../../../src/resp/reply.ts';
import { SLOT_COUNT } from '../../../src/topology/slot-set.ts';
import { bytes, err, OK } from './answers.ts';
import type { SimulatedNode } from './node.ts';

const OUT_OF_RANGE = err('Invalid or out of range slot');

function slotFrom(word: string | undefined): number | undefined {
  const slot = /^-?\d+$/.test(word ?? '') ? Number(word) : Number.NaN;
  return slot >= 0 && slot < SLOT_COUNT ? slot : undefined;
}

/** `announce` tells everybody at once. */
export function setSlot(node: SimulatedNode, words: readonly string[], announce: () => void): Reply {
  if (!node.isPrimary) return err('Please use SETSLOT only with masters.');
  return applySetSlot(node, words, announce);
}

/** A replica does as its primary was told. */
export function applySetSlot(node: SimulatedNode, words: readonly string[], announce: () => void): Reply {
  const [slotWord, action = '', id] = words;
  const slot = slotFrom(slotWord);
  if (slot === undefined) return OUT_OF_RANGE;
  switch (`${action.toUpperCase()} ${words.length}`) {
    case 'MIGRATING 3':
      return setMigrating(node, slot, id ?? '');
    case 'IMPORTING 3':
      return setImporting(node, slot, id ?? '');
    case 'STABLE 2':
      node.importing.delete(slot);
      node.migrating.delete(slot);
      return OK;
    case 'NODE 3':
      return setOwner(node, slot, id ?? '', announce);
    default:
      return err('Invalid CLUSTER SETSLOT action or number of arguments. Try CLUSTER HELP');
  }
}

function setMigrating(node: SimulatedNode, slot: number, to: string): Reply {
  if (node.slots.ownerOf(slot) !== (node.primary ?? node.id))
    return err(`I'm not the owner of hash slot ${slot}`);
  if (!node.knows(to)) return err(`I don't know about node ${to}`);
  if (node.dialect.product === 'valkey' && to === node.id) return err('Target node is myself');
  if (node.takesForReplica(to)) return err('Target node is not a master');
  node.migrating.set(slot, to);
  return OK;
}

function setImporting(node: SimulatedNode, slot: number, from: string): Reply {
  if (node.slots.ownerOf(slot) === (node.primary ?? node.id))
    return err(`I'm already the owner of hash slot ${slot}`);
  if (!node.knows(from)) return err(`I don't know about node ${from}`);
  if (node.dialect.product === 'valkey' && from === node.id) return err('Target node is myself');
  if (node.takesForReplica(from)) return err('Target node is not a master');
  node.importing.set(slot, from);
  return OK;
}

function setOwner(node: SimulatedNode, slot: number, owner: string, announce: () => void): Reply {
  if (!node.knows(owner)) return err(`Unknown node ${owner}`);
  if (node.takesForReplica(owner)) return err('Target node is not a master');
  const wasMine = node.slots.ownerOf(slot) === node.id;
  const holdsKeys = node.data.countIn(slot) > 0;
  if (wasMine && owner !== node.id && holdsKeys)
    return err(
      `Can't assign hashslot ${slot} to a different node while I still hold keys for this hash slot.`,
    );
  if (!holdsKeys) node.migrating.delete(slot);
  node.slots.assign(slot, owner);
  if (wasMine && owner !== node.id && node.slots.countOf(node.id) === 0 && node.allowsReplicaMigration)
    node.becomeReplicaOf(owner);
  if (owner === (node.primary ?? node.id) && node.importing.has(slot)) {
    // Without a newer epoch nobody would believe it.
    if (node.isPrimary) node.bumpEpoch();
    node.importing.delete(slot);
    announce();
  }
  return OK;
}

/** All or nothing. */
export function addSlots(node: SimulatedNode, words: readonly string[], adding: boolean): Reply {
  const slots: number[] = [];
  for (const word of words) {
    const slot = slotFrom(word);
    if (slot === undefined) return OUT_OF_RANGE;
    slots.push(slot);
  }
  return changeOwnSlots(node, slots, adding);
}

export function addSlotRanges(node: SimulatedNode, words: readonly string[], adding: boolean): Reply {
  const slots: number[] = [];
  for (let i = 0; i < words.length; i += 2) {
    const [first, last] = [slotFrom(words[i]), slotFrom(words[i + 1])];
    if (first === undefined || last === undefined) return OUT_OF_RANGE;
    if (first > last) return err(`start slot number ${first} is greater than end slot number ${last}`);
    for (let slot = first; slot <= last; slot++) slots.push(slot);
  }
  return changeOwnSlots(node, slots, adding);
}

function changeOwnSlots(node: SimulatedNode, slots: readonly number[], adding: boolean): Reply {
  const seen = new Set<number>();
  for (const slot of slots) {
    const owner = node.slots.ownerOf(slot);
    if (adding && owner !== undefined) return err(`Slot ${slot} is already busy`);
    if (!adding && owner === undefined) return err(`Slot ${slot} is already unassigned`);
    if (seen.has(slot)) return err(`Slot ${slot} specified multiple times`);
    seen.add(slot);
  }
  for (const slot of slots) {
    node.importing.delete(slot);
    if (adding) node.slots.assign(slot, node.id);
    else node.slots.release(slot);
    node.unclaimed.delete(slot);
  }
  return OK;
}

export function countKeysInSlot(node: SimulatedNode, [word]: readonly string[], database: number): Reply {
  const slot = Number(word);
  if (!/^-?\d+$/.test(word ?? '')) return err('value is not an integer or out of range');
  if (slot < 0 || slot >= SLOT_COUNT) return err('Invalid slot');
  return node.hides(slot) ? 0 : node.data.countIn(slot, database);
}

export function getKeysInSlot(node: SimulatedNode, words: readonly string[], database: number): Reply {
  const [slotWord = '', mostWord = ''] = words;
  if (!/^-?\d+$/.test(slotWord) || !/^-?\d+$/.test(mostWord))
    return err('value is not an integer or out of range');
  const [slot, most] = [Number(slotWord), Number(mostWord)];
  if (slot < 0 || slot >= SLOT_COUNT || most < 0) return err('Invalid slot or number of keys');
  return node.hides(slot) ? [] : node.data.keysIn(slot, database).slice(0, most).map(bytes);
}

/** Of the slots that are the node's own. */
export function slotStats({ data, slots, id }: SimulatedNode): Reply {
  const own = data.slots.filter(slot => slots.ownerOf(slot) === id);
  return own.map(slot => [slot, [bytes('key-count'), data.countIn(slot)]]);
}
