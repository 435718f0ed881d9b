/** Who owns which slot, and whether everybody agrees. */
import { type NodeCensus, strayKeys } from '../census.ts';
import type { Dispute, Finding, OpenPeer, OwnerOpinion } from '../finding.ts';
import { groupBy } from '../group-by.ts';
import { type NodeId, slotsOf } from '../node.ts';
import { bySlot, SLOT_COUNT, type Slot, SlotSet, slot } from '../slot-set.ts';
import { type Camp, coveredSlots } from '../snapshot.ts';
import { type Evidence, error, idsOf, type Rule, warning } from './evidence.ts';

/** Slots that no reachable primary claims: told apart by whether an owner exists that just does not answer. */
export const uncoveredSlots: Rule = ({ snapshot, owners, views }) => {
  let orphaned = SlotSet.all.without(coveredSlots(snapshot));
  const findings: Finding[] = [];
  // Where old opinions give one slot to two silent nodes, the one with the newer epoch had it last.
  const silent = owners.filter(owner => !views.has(owner.id));
  silent.sort((a, b) => b.configEpoch - a.configEpoch || (a.id < b.id ? -1 : 1));
  for (const owner of silent) {
    const slots = owner.slots.intersect(orphaned);
    if (slots.size === 0) continue;
    orphaned = orphaned.without(slots);
    findings.push(error([owner.id], { kind: 'owner-unreachable' }, slots));
  }
  if (orphaned.size > 0) findings.push(error([], { kind: 'slots-uncovered' }, orphaned));
  return findings;
};

/** Only by nodes that say so themselves: what others say of a silent node may be long out of date. */
export const slotsClaimedTwice: Rule = ({ owners, views }) => {
  const runs = contested(owners.filter(owner => views.has(owner.id)));
  return [...groupBy(runs, ({ claimants }) => claimants.join()).values()].map(group => {
    const slots = SlotSet.union(group.map(run => run.slots));
    return error(group[0]?.claimants ?? [], { kind: 'slots-claimed-twice' }, slots);
  });
};

/** Runs of slots that several owners claim, each with its claimants: a sweep over the ends of all ranges. */
function contested(owners: readonly { id: NodeId; slots: SlotSet }[]) {
  const ends = owners.flatMap(({ id, slots }) =>
    slots.ranges.flatMap(({ first, last }) => [
      { at: first as number, id, opens: true },
      { at: last + 1, id, opens: false },
    ]),
  );
  ends.sort((a, b) => a.at - b.at);
  const runs: { claimants: readonly NodeId[]; slots: SlotSet }[] = [];
  const open = new Set<NodeId>();
  let from = 0;
  for (const { at, id, opens } of ends) {
    if (open.size > 1 && at > from)
      runs.push({ claimants: [...open].sort(), slots: SlotSet.range(from, at - 1) });
    from = at;
    if (opens) open.add(id);
    else open.delete(id);
  }
  return runs;
}

/**
 * Camps are grouped by the slot map that they hold; where there is one group there is nothing to compare. Only
 * between groups are the maps laid out slot by slot.
 */
export const slotMapsDisagree: Rule = evidence => {
  const bySignature = groupBy(evidence.camps, slotMapSignature);
  if (bySignature.size < 2) return [];
  const ignorant = idsOf(bySignature.get('') ?? []);
  bySignature.delete('');
  const sides = [...bySignature.values()];
  const maps = sides.map(([camp]) => bySlot((camp?.nodes ?? []).map(node => [node.id, slotsOf(node)])));
  const disputes: Dispute[] = [...disputedSlots(maps)].map(([, { owners, slots }]) => ({
    slots: SlotSet.fromRanges(slots.map(s => ({ first: s, last: s }))),
    opinions: opinionsOf(owners, sides),
  }));
  // One reply that gives a slot to two nodes can look different and come to the same.
  if (disputes.length + ignorant.length === 0) return [];
  const owners = disputes.flatMap(d => d.opinions.flatMap(o => (o.owner ? [o.owner] : [])));
  const nodes = [...new Set([...owners, ...ignorant])].sort();
  const slots = ignorant.length > 0 ? SlotSet.all : SlotSet.union(disputes.map(d => d.slots));
  return [error(nodes, { kind: 'slot-maps-disagree', disputes, ignorant }, slots)];
};

function slotMapSignature({ nodes }: Camp): string {
  const claims: string[] = [];
  for (const node of nodes) {
    if (node.role === 'primary' && node.slots.size > 0) claims.push(`${node.id}:${node.slots}`);
  }
  return claims.sort().join('|');
}

type OwnersByCamp = readonly (NodeId | undefined)[];

function disputedSlots(maps: readonly OwnersByCamp[]) {
  const disputes = new Map<string, { owners: OwnersByCamp; slots: Slot[] }>();
  for (let s = 0; s < SLOT_COUNT; s++) {
    const first = maps[0]?.[s];
    if (maps.every(map => map[s] === first)) continue;
    const owners = maps.map(map => map[s]);
    const key = owners.join();
    const known = disputes.get(key);
    if (known) known.slots.push(slot(s));
    else disputes.set(key, { owners, slots: [slot(s)] });
  }
  return disputes;
}

function opinionsOf(owners: OwnersByCamp, camps: readonly Camp[][]): OwnerOpinion[] {
  const saidBy = new Map<NodeId | undefined, NodeId[]>();
  owners.forEach((owner, i) => {
    const speakers = idsOf(camps[i] ?? []);
    saidBy.set(owner, [...(saidBy.get(owner) ?? []), ...speakers].sort());
  });
  // By owner, nobody first.
  const opinions = [...saidBy].sort(([a = ''], [b = '']) => (a < b ? -1 : 1));
  return opinions.map(([owner, speakers]) => ({ ...(owner && { owner }), saidBy: speakers }));
}

/** Open slots on replicas count too: Valkey copies them there, and a failed SETSLOT can leave them only there. */
export const openSlots: Rule = ({ snapshot }) =>
  snapshot.views.flatMap(({ id, self, open }) => {
    if (open.migrating.size + open.importing.size === 0) return [];
    const migrating = byPeer(open.migrating);
    const importing = byPeer(open.importing);
    const peers = [...migrating, ...importing];
    const nodes = [id, ...new Set(peers.map(({ peer }) => peer))];
    const slots = SlotSet.union(peers.map(peer => peer.slots));
    return [
      error(nodes, { kind: 'slots-open', replica: self.role === 'replica', migrating, importing }, slots),
    ];
  });

function byPeer(slots: ReadonlyMap<Slot, NodeId>): OpenPeer[] {
  const groups = groupBy(slots, ([, peer]) => peer);
  return [...groups].map(([peer, entries]) => ({ peer, slots: SlotSet.of(...entries.map(([s]) => s)) }));
}

export const keysUncounted: Rule = ({ census = new Map<NodeId, NodeCensus>() }) =>
  [...census].flatMap(([id, held]) =>
    'reason' in held ? [error([id], { kind: 'keys-uncounted', reason: held.reason })] : [],
  );

export const keysAstray: Rule = ({ snapshot, census }) =>
  census === undefined
    ? []
    : strayKeys(snapshot, census).map(({ node, slots, keys }) =>
        error([node], { kind: 'keys-astray', keys }, slots),
      );

/** Servers resolve collisions by themselves while they hear each other, so one that stays is a sign of trouble. */
export const epochsEqual: Rule = ({ owners, views }: Evidence) => {
  const reachable = owners.filter(owner => views.has(owner.id));
  return [...groupBy(reachable, owner => owner.configEpoch)]
    .filter(([, group]) => group.length > 1)
    .map(([epoch, group]) => warning(group.map(({ id }) => id).sort(), { kind: 'epochs-equal', epoch }));
};
