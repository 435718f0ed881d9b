/** Nodes and where they stand, written as `A A B/x`: two on host A, of which no zone is known, one on B in zone x. */
import fc from 'fast-check';
import type { Spot } from '../../src/plan/placement/group-by-zone.ts';
import type { Shard } from '../../src/plan/placement/score.ts';
import { type NodePlace, zoneOf } from '../../src/topology/host-and-zone.ts';
import { type NodeId, nodeId } from '../../src/topology/node.ts';

/** The n-th node. */
export function node(n: number): NodeId {
  return nodeId(n.toString(16).padStart(40, '0'));
}

export function standing(text: string): Spot[] {
  return text.split(' ').map((word, i) => {
    const [host = '', zone] = word.split('/');
    return { id: node(i), place: zone === undefined ? { host } : { host, zone } };
  });
}

export function placesOf(spots: readonly Spot[]): (id: NodeId) => NodePlace {
  const places = new Map(spots.map(({ id, place }) => [id, place]));
  return id => places.get(id) as NodePlace;
}

/** `A: B C` is a shard with its primary on A and replicas on B and C. */
export function drawn(shards: readonly Shard[], spots: readonly Spot[]): string[] {
  const placeOf = placesOf(spots);
  return shards.map(({ primary, replicas }) =>
    `${placeOf(primary).host}: ${replicas.map(id => placeOf(id).host).join(' ')}`.trim(),
  );
}

/** Hosts of different sizes; in some clusters all have a zone, in some only a few, in some none. */
export function anyStanding(limits: { nodes: number; hosts: number; zones: number }): fc.Arbitrary<Spot[]> {
  const zones = Array.from({ length: limits.zones }, (_, i) => `z${i}`);
  const someHave = [[undefined], [...zones, undefined], [...zones, undefined, undefined]];
  const allHave = limits.zones > 0 ? [zones] : [];
  const zoneByHost = fc
    .constantFrom(...someHave, ...allHave)
    .chain(some => fc.array(fc.constantFrom(...some), { minLength: limits.hosts, maxLength: limits.hosts }));
  const host = fc.nat({ max: limits.hosts - 1 });
  const hosts = fc.array(host, { minLength: 1, maxLength: limits.nodes, size: 'max' });
  return fc
    .tuple(zoneByHost, hosts)
    .map(([zoneOfHost, hostOfNode]) =>
      standing(hostOfNode.map(h => (zoneOfHost[h] ? `h${h}/${zoneOfHost[h]}` : `h${h}`)).join(' ')),
    );
}

/** How unevenly primaries are spread: the sums of squares over zones and over hosts. */
export function unevenness(shards: readonly Shard[], placeOf: (id: NodeId) => NodePlace): [number, number] {
  const places = shards.map(({ primary }) => placeOf(primary));
  return [squares(places.map(zoneOf)), squares(places.map(({ host }) => host))];
}

function squares(names: readonly string[]): number {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts.values()].reduce((sum, count) => sum + count ** 2, 0);
}

/** Compares lists of numbers, of which an earlier one counts for more than all later ones. */
export function compareInOrder(a: readonly number[], b: readonly number[]): number {
  const different = a.findIndex((value, i) => value !== b[i]);
  return different < 0 ? 0 : (a[different] ?? 0) - (b[different] ?? 0);
}
