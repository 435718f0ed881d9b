/** Atomic slot migrations that are under way, or that a server cannot bring to an end. */
import type { NodeMigration } from '../../plan/fix/migrations.ts';
import { type Migration, migrationJobs, migrationTasks } from '../../resp/commands/atomic-migration.ts';
import type { Fleet } from '../../resp/fleet.ts';
import { isNodeId } from '../../topology/node.ts';
import { ATOMIC_MIGRATION, isSince } from '../../topology/releases.ts';
import type { ClusterSnapshot, NodeView } from '../../topology/snapshot.ts';
import { ifTold } from './look-at-node.ts';

/** Each is told by the end that can call it off: with Redis the target, with Valkey the source. */
export async function listMigrations(fleet: Fleet, { views }: ClusterSnapshot): Promise<NodeMigration[]> {
  const primaries = views.filter(({ self }) => self.role === 'primary');
  const lists = await Promise.all(
    primaries.map(async (view): Promise<NodeMigration[]> => {
      const command = commandFor(view);
      if (!command) return [];
      const reports = (await ifTold(fleet.send(view.address, command))) ?? [];
      const direction = view.server.product === 'redis' ? 'import' : 'export';
      return reports
        .filter(report => report.direction === direction && report.state === 'under-way')
        .map(report => migrationOf(view, report));
    }),
  );
  return lists.flat();
}

function commandFor({ server }: NodeView) {
  if (!isSince(server, ATOMIC_MIGRATION)) return undefined;
  return server.product === 'valkey' ? migrationJobs() : migrationTasks();
}

/** Redis begins a migration that fails anew every second, for ever; between two attempts it says what was wrong. */
function migrationOf({ id, server }: NodeView, report: Migration): NodeMigration {
  const { name, slots, source, target, phase, message, retries } = report;
  const peer = server.product === 'redis' ? source : target;
  return {
    node: id,
    ...(server.product === 'redis' && { name }),
    ...(isNodeId(peer) && { peer }),
    slots,
    failing: server.product === 'redis' && (retries > 0 || message !== ''),
    message: message || phase,
  };
}
