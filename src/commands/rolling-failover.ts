/** `rolling-failover`: for upgrades; shard by shard, each only when all is well. */

import { Command } from 'commander';
import { listMigrations } from '../live/look/list-migrations.ts';
import { lookAtCluster } from '../live/look/look-at-cluster.ts';
import type { Swap } from '../plan/failover/failover.ts';
import { planRolling, type RollingPlan, type Wish } from '../plan/failover/rolling.ts';
import { renderFailover } from '../report/text/failover.ts';
import { remarkLines } from '../report/text/membership.ts';
import type { NodeNames } from '../report/text/names.ts';
import { carryOut } from './carry-out.ts';
import { type Context, type ExitCode, UsageError, withFleet } from './context.ts';
import { addLagOption } from './failover.ts';
import { addChangeOptions, type ChangeFlags, type ChangeOptions, changeOptions } from './options/change.ts';
import { addConnectionOptions, type ConnectionFlags, resolveConnection } from './options/connection.ts';

export interface RollingOptions extends ChangeOptions {
  readonly wish: Wish;
  readonly maxLagBytes: number;
}

interface RollingFlags extends ConnectionFlags, ChangeFlags {
  readonly toVersion?: readonly string[];
  readonly primariesOn?: readonly string[];
  readonly all?: boolean;
  readonly maxReplicaLag: number;
}

const HELP = `
To upgrade: restart the replicas with the new version, run this, restart what
are replicas now. Shards are failed over one after the other. Before each,
every node must answer and say cluster_state:ok, nothing may be wrong, nobody
may suspect anybody, and the replicas of the shard must be in step; after
each, every node must know the new roles, and the old primary, if it is not of
an older release, be in step as a replica. At the first doubt it stops.

Which shards: without an option those of which a replica runs a newer version
than the primary. With --to-version those whose primary does not run it, with
--primaries-on those whose primary is elsewhere, with --all every one. Run
again it skips the shards that are done; only with --all it cannot know them.`;

export function rollingFailoverCommand(context: Context, run = runRollingFailover): Command {
  const command = new Command('rolling-failover')
    .usage('[options] <address>')
    .description('have upgraded replicas take over, shard by shard')
    .argument('[address...]', 'any node: host:port, host port, or a URI')
    .option('--to-version <version>', 'primaries are to run this version; 8.6 is any 8.6.x', several)
    .option('--primaries-on <host>', 'primaries are to be on this host; may be given several times', several)
    .option('--all', 'fail over every shard');
  addLagOption(addChangeOptions(command)).addHelpText('after', HELP);
  return addConnectionOptions(command).action(async (words: string[], flags: RollingFlags) => {
    const wish = readWish(flags);
    const connection = await resolveConnection(words, flags, context.terminal);
    const options = { ...connection, ...changeOptions(flags), wish, maxLagBytes: flags.maxReplicaLag };
    context.finish(await run(options, context));
  });
}

function several(value: string, earlier: readonly string[] = []): readonly string[] {
  return [...earlier, ...value.split(',')];
}

function readWish({ toVersion: versions = [], primariesOn: hosts = [], all = false }: RollingFlags): Wish {
  const wrong = versions.find(version => !/^\d{1,4}(\.\d{1,4}){0,2}$/.test(version));
  if (wrong !== undefined) throw new UsageError('--to-version takes versions, such as 8.6 or 8.6.3');
  if (hosts.includes('')) throw new UsageError('--primaries-on takes hosts, as the nodes announce them');
  return { all, versions, hosts };
}

export function runRollingFailover(options: RollingOptions, context: Context): Promise<ExitCode> {
  const { wish, maxLagBytes } = options;
  return carryOut<RollingPlan>(options, context, {
    command: 'rolling-failover',
    decide: () =>
      withFleet(context, options, async fleet => {
        const { snapshot } = await lookAtCluster(fleet, options);
        const migrations = await listMigrations(fleet, snapshot);
        return { seen: snapshot, decision: planRolling({ snapshot, wish, maxLagBytes, migrations }) };
      }),
    preview: (plan, paint) => renderFailover(plan, remarkLines(plan, paint), paint),
    question: 'Can I fail over these shards, one after the other?',
    already:
      wish.versions.length + wish.hosts.length > 0
        ? 'Every primary is as it should be. Nothing to do.'
        : 'No replica runs a newer version than its primary. Nothing to do.',
    done: 'Every shard has its new primary, every node that answers knows it, and replicas that are no older than it are in step.',
    unfinished: ({ swaps }, names) =>
      wish.all
        ? `Stopped before the end. With --all it is not known which shards are done; of these the primaries were to be replaced: ${originals(swaps, names)}. Go on with \`slotctl failover --of\` for each that is still a primary.`
        : 'Stopped before the end. When the reason is gone, run the same command again: shards that are done are skipped.',
  });
}

function originals(swaps: readonly Swap[], names: NodeNames): string {
  return names.list(
    swaps.map(({ primary }) => primary),
    swaps.length,
  );
}
