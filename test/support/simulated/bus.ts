/**
 * The cluster bus: what nodes tell each other of themselves, and what they make of it. After the servers' own
 * clusterProcessPacket and clusterUpdateSlotsConfigWith, less what only time and failing networks bring about.
 */
import { type Peer, type Place, type SimulatedNode, UNKNOWN } from './node.ts';
import { differences, hasBit } from './slot-table.ts';

interface Rumour {
  readonly id: string;
  readonly place: Place;
  readonly primary: string | undefined;
}

/** What every message begins with. A replica speaks for its primary's slots. */
export interface Message {
  readonly kind: 'meet' | 'ping';
  readonly from: string;
  readonly place: Place;
  readonly currentEpoch: number;
  readonly configEpoch: number;
  readonly primary: string | undefined;
  readonly claims: Buffer;
  readonly gossip: readonly Rumour[];
}

/** One node sets another right about a third. */
export interface Update {
  readonly about: string;
  readonly configEpoch: number;
  readonly claims: Buffer;
}

export function messageOf(node: SimulatedNode, kind: Message['kind']): Message {
  const speaksFor = node.primary ?? node.id;
  return {
    kind,
    from: node.id,
    place: node.place,
    currentEpoch: node.currentEpoch,
    configEpoch: node.epochOf(speaksFor),
    primary: node.primary,
    claims: Buffer.from(node.slots.bitsOf(speaksFor)),
    gossip: [...node.peers.values()].map(({ id, place, primary }) => ({ id, place, primary })),
  };
}

export interface Surroundings {
  readonly nowMs: number;
  reply(update: Update): void;
}

export function receive(self: SimulatedNode, message: Message, surroundings: Surroundings): void {
  const { kind, from, place } = message;
  if (kind === 'meet') {
    self.knowsItsIp = true;
    self.bans.delete(from);
    if (!self.knows(from)) self.addPeer(from, place);
  }
  const sender = self.peers.get(from);
  // Strangers are not listened to.
  if (!sender) return;
  sender.linked = true;
  sender.health = 'ok';
  self.currentEpoch = Math.max(self.currentEpoch, message.currentEpoch);
  sender.configEpoch = Math.max(sender.configEpoch, message.configEpoch);
  takeRole(self, sender, message);
  takeClaims(self, sender, message, surroundings);
  if (self.isPrimary && sender.primary === undefined && message.configEpoch === self.configEpoch)
    settleCollision(self, sender);
  for (const rumour of message.gossip) hearOf(self, rumour, surroundings.nowMs);
}

function promote(peer: Peer): void {
  peer.wasReplicaOf = peer.primary ?? peer.wasReplicaOf;
  peer.primary = undefined;
}

function takeRole(self: SimulatedNode, sender: Peer, { primary }: Message): void {
  if (primary === undefined) {
    promote(sender);
    return;
  }
  if (sender.primary === undefined) {
    // Whoever was its replica has its slots, for servers that know which nodes belong together.
    const heir = self.peers.get(primary);
    const isOfSameShard = (heir?.primary ?? heir?.wasReplicaOf) === sender.id;
    if (isOfSameShard && self.knowsShards) inherit(self, sender.id, primary);
    else self.slots.releaseAllOf(sender.id);
  }
  sender.primary = self.knows(primary) ? primary : UNKNOWN;
}

function inherit(self: SimulatedNode, from: string, heir: string): void {
  self.slots.giveAllOf(from, heir);
  if (self.dialect.product !== 'valkey') return;
  for (const [slot, source] of self.importing) if (source === from) self.importing.set(slot, heir);
}

function takeClaims(self: SimulatedNode, sender: Peer, message: Message, { reply }: Surroundings): void {
  const { claims, configEpoch } = message;
  const owner = sender.primary ?? sender.id;
  if (owner === UNKNOWN || self.slots.bitsOf(owner).equals(claims)) return;
  if (sender.primary === undefined) updateSlots(self, sender.id, configEpoch, claims);
  for (const slot of differences(claims, self.slots.bitsOf(owner))) {
    if (!hasBit(claims, slot)) continue;
    const known = self.slots.ownerOf(slot);
    if (known === undefined || known === sender.id || self.unclaimed.has(slot)) continue;
    if (self.epochOf(known) <= configEpoch) continue;
    reply({
      about: known,
      configEpoch: self.epochOf(known),
      claims: Buffer.from(self.slots.bitsOf(known)),
    });
    return;
  }
}

export function receiveUpdate(self: SimulatedNode, { about, configEpoch, claims }: Update): void {
  const peer = self.peers.get(about);
  if (!peer || peer.configEpoch >= configEpoch) return;
  promote(peer);
  peer.configEpoch = configEpoch;
  updateSlots(self, about, configEpoch, claims);
}

/** Somebody says which slots it owns. Slots that come from here leave their keys behind, and those are deleted. */
export function updateSlots(self: SimulatedNode, sender: string, epoch: number, claims: Buffer): void {
  const { slots } = self;
  const followed = self.primary ?? self.id;
  const isValkey = self.dialect.product === 'valkey';
  const predecessor = self.peers.get(sender)?.wasReplicaOf ?? 'nobody';
  const dirty: number[] = [];
  let lostByFollowed = false;
  for (const slot of self.unclaimed)
    if (hasBit(claims, slot) && slots.ownerOf(slot) === sender) self.unclaimed.delete(slot);
  for (const slot of differences(claims, slots.bitsOf(sender))) {
    const owner = slots.ownerOf(slot);
    if (!hasBit(claims, slot)) {
      self.unclaimed.add(slot);
      continue;
    }
    // What is being imported is changed by commands only; Valkey follows the source to whoever took its place.
    const follows = isValkey && self.importing.get(slot) === predecessor;
    if (self.importing.has(slot) && !follows) continue;
    const isFree = owner === undefined || self.unclaimed.has(slot);
    if (!isFree && self.epochOf(owner) >= epoch) continue;
    if (owner === self.id && self.data.countIn(slot) > 0) dirty.push(slot);
    if (owner === followed) lostByFollowed = true;
    if (follows) self.importing.set(slot, sender);
    if (isValkey && owner === followed && predecessor !== followed) self.migrating.delete(slot);
    slots.assign(slot, sender);
    self.unclaimed.delete(slot);
  }
  if (lostByFollowed && slots.countOf(followed) === 0 && self.allowsReplicaMigration)
    self.becomeReplicaOf(sender);
  else for (const slot of dirty) self.data.deleteSlot(slot);
}

/** Of two primaries with one epoch the one with the smaller id takes another. */
function settleCollision(self: SimulatedNode, sender: Peer): void {
  if (sender.id <= self.id) return;
  self.currentEpoch++;
  self.configEpoch = self.currentEpoch;
}

/** Somebody who is known names somebody who is not. */
function hearOf(self: SimulatedNode, { id, place, primary }: Rumour, nowMs: number): void {
  if (self.knows(id) || self.isBanned(id, nowMs)) return;
  const peer = self.addPeer(id, place);
  if (primary !== undefined) peer.primary = UNKNOWN;
}
