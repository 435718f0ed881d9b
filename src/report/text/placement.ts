/** Where primaries and their replicas stand, and what is lost together. */
import type { AntiAffinityScore, Shard } from '../../plan/placement/score.ts';
import type { NodePlace } from '../../topology/host-and-zone.ts';
import type { NodeId } from '../../topology/node.ts';
import type { Paint } from '../paint.ts';
import { columns } from './columns.ts';
import { count, type NodeNames, type Vocabulary } from './names.ts';

/** The classic sentences, and in numbers what they leave out. */
export function verdictLines(score: AntiAffinityScore, words: Vocabulary, paint: Paint): string[] {
  const { onPrimaryHost, inPrimaryZone, besideSiblingOnHost, besideSiblingInZone } = score;
  const together: readonly (readonly [number, string])[] = [
    [onPrimaryHost, `are in the same host as their ${words.primary}`],
    [inPrimaryZone, `are in the same zone as their ${words.primary}`],
    [besideSiblingOnHost, `of the same ${words.primary} are in the same host`],
    [besideSiblingInZone, `of the same ${words.primary} are in the same zone`],
  ];
  const lines = together
    .filter(([replicas]) => replicas > 0)
    .map(([replicas, what]) => `[WARNING] Some ${words.replicas} ${what} (${count(replicas, 'replica')})`);
  return lines.length > 0 ? lines.map(paint.warning) : [paint.good('[OK] Perfect anti-affinity obtained!')];
}

/** A row for each host, zone by zone. */
export function placementTable(
  shards: readonly Shard[],
  placeOf: (id: NodeId) => NodePlace,
  names: NodeNames,
  paint: Paint,
): string[] {
  const hosts = new Map<string, { place: NodePlace; primaries: string[]; replicas: string[] }>();
  const rowOf = (id: NodeId) => {
    const place = placeOf(id);
    const row = hosts.get(place.host) ?? { place, primaries: [], replicas: [] };
    hosts.set(place.host, row);
    return row;
  };
  for (const { primary, replicas } of shards) {
    rowOf(primary).primaries.push(names.of(primary));
    for (const replica of replicas)
      rowOf(replica).replicas.push(`${names.of(replica)} of ${names.of(primary)}`);
  }
  const rows = [...hosts.values()].sort(
    (a, b) => order(a.place.zone ?? '', b.place.zone ?? '') || order(a.place.host, b.place.host),
  );
  const zoned = rows.some(row => row.place.zone !== undefined);
  const line = ({ place, primaries, replicas }: (typeof rows)[number]) => [
    ...(zoned ? [place.zone ?? '-'] : []),
    place.host,
    primaries.join(' ') || '-',
    replicas.join(', ') || '-',
  ];
  return columns([...(zoned ? ['zone'] : []), 'host', 'primaries', 'replicas'], rows.map(line), paint);
}

/** 10.0.0.2 before 10.0.0.10. */
const { compare: order } = new Intl.Collator('en', { numeric: true });
