/** Where nodes stand: their host by its address, and the zone as the person says it, or else as the server does. */

import { type Applicant, isCandidate } from '../../topology/candidate.ts';
import type { NodePlace } from '../../topology/host-and-zone.ts';
import { InputError } from '../../topology/input-error.ts';
import type { NodeId } from '../../topology/node.ts';
import { addressBook, believedNodes, type ClusterSnapshot, viewOf } from '../../topology/snapshot.ts';

export type ZoneMap = ReadonlyMap<string, string>;

/** `host=zone` pairs, separated by commas or line ends; `#` begins a comment. */
export function readZoneMap(text: string): ZoneMap {
  const zones = new Map<string, string>();
  const entries = text.split('\n').flatMap(line => line.replace(/#.*/, '').split(','));
  for (const entry of entries.map(words => words.trim()).filter(words => words !== '')) {
    const [host = '', zone = '', ...more] = entry.split('=').map(part => part.trim());
    if (!host || !zone || more.length > 0) throw new InputError(`'${entry}' is not host=zone`);
    if ((zones.get(host) ?? zone) !== zone) throw new InputError(`${host} is given two zones`);
    zones.set(host, zone);
  }
  return zones;
}

export function placeOfApplicant(node: Applicant, zones: ZoneMap): NodePlace {
  if (!isCandidate(node)) return place([node.ip, node.asked.host], undefined, zones);
  const { asked, meetAt, view } = node;
  return place([meetAt.ip, asked.host, view.self.address?.hostname], view.server.zone, zones);
}

/** For the nodes of a cluster: by what they announce, not by where they were reached. */
export function placesIn(snapshot: ClusterSnapshot, zones: ZoneMap): (id: NodeId) => NodePlace {
  const nodes = believedNodes(snapshot);
  const book = addressBook(snapshot);
  return id => {
    const announced = nodes.get(id)?.address;
    const host = announced?.host ?? book.get(id)?.host ?? id;
    return place([host, announced?.hostname, book.get(id)?.host], viewOf(snapshot, id)?.server.zone, zones);
  };
}

/** The first name is what tells hosts apart; any of them may stand in the map. */
function place(
  names: readonly [string, ...(string | undefined)[]],
  toldByServer: string | undefined,
  zones: ZoneMap,
): NodePlace {
  const [host] = names;
  const said = names.find(name => name !== undefined && zones.has(name));
  const zone = said === undefined ? toldByServer : zones.get(said);
  return zone === undefined ? { host } : { host, zone };
}
