/** Whether the nodes that get the keys of a backup have room for them. Of keys that are there already nothing more comes. */
import { type LackOfRoom, withoutRoom } from '../../plan/transfer/restore-room.ts';
import type { Fleet } from '../../resp/fleet.ts';
import type { ClusterSnapshot, NodeView } from '../../topology/snapshot.ts';
import { Routes } from '../keys/routes.ts';
import { ifTold } from '../look/look-at-node.ts';
import { absentKeys } from './absent-keys.ts';
import type { SampleKey } from './backup-census.ts';
import type { CheckedBackup } from './restore-backup.ts';

export async function lookForRoom(
  fleet: Fleet,
  snapshot: ClusterSnapshot,
  { census }: CheckedBackup,
): Promise<LackOfRoom[]> {
  const primaries = snapshot.views.filter(({ self }) => self.role === 'primary');
  const tight = withoutRoom(primaries, census.memory, () => 0);
  if (tight.length === 0) return [];
  const absent = await absentSlots(fleet, snapshot, census.samples);
  return withoutRoom(primaries, census.memory, node => shareThere(node, census.samples, absent));
}

function shareThere({ self }: NodeView, samples: readonly SampleKey[], absent: ReadonlySet<number>): number {
  const own = samples.filter(({ slot }) => self.role === 'primary' && self.slots.has(slot));
  return own.length === 0 ? 0 : own.filter(({ slot }) => !absent.has(slot)).length / own.length;
}

/** Where that may not be asked, all are taken for absent. */
async function absentSlots(
  fleet: Fleet,
  snapshot: ClusterSnapshot,
  samples: readonly SampleKey[],
): Promise<ReadonlySet<number>> {
  const asked = await ifTold(absentKeys(fleet, new Routes(fleet, snapshot), samples));
  const perhaps = asked ? [...asked.absent, ...asked.unasked] : samples;
  return new Set(perhaps.map(({ slot }) => slot));
}
