/** `failover`: a replica takes the place of its primary. */

import { Command, Option } from 'commander';
import { listMigrations } from '../live/look/list-migrations.ts';
import { lookAtCluster } from '../live/look/look-at-cluster.ts';
import { nameNode } from '../live/look/name-node.ts';
import { type FailoverPlan, planFailover } from '../plan/failover/failover.ts';
import type { FailoverWay } from '../plan/failover/step.ts';
import { renderFailover } from '../report/text/failover.ts';
import { remarkLines } from '../report/text/membership.ts';
import { carryOut } from './carry-out.ts';
import { type Context, type ExitCode, UsageError, withFleet } from './context.ts';
import { addChangeOptions, type ChangeFlags, type ChangeOptions, changeOptions } from './options/change.ts';
import { addConnectionOptions, type ConnectionFlags, resolveConnection } from './options/connection.ts';
import { wholeNumber } from './options/numbers.ts';

/** What is written to a busy primary while a replica is asked how far it is, and more. */
export const MAX_LAG_BYTES = 16 * 1024 * 1024;

export interface FailoverOptions extends ChangeOptions {
  readonly wanted: { readonly replica: string } | { readonly of: string };
  readonly way: FailoverWay;
  readonly maxLagBytes: number;
  readonly despiteFindings: boolean;
}

interface FailoverFlags extends ConnectionFlags, ChangeFlags {
  readonly of?: string;
  readonly force?: boolean;
  readonly takeover?: boolean;
  readonly maxReplicaLag: number;
  readonly despiteFindings?: boolean;
}

const HELP = `
Without --force or --takeover the primary stops its clients, waits until the
replica has all it has, and hands over: nothing is lost. It returns when every
node knows the new roles, and the old primary and the other replicas are fed
by the new one.

  --force     the primary is down, and a majority of the primaries can vote
  --takeover  no majority is there either; nobody is asked
What the replica has not received is lost with either of them.`;

export function failoverCommand(context: Context, run = runFailover): Command {
  const command = new Command('failover')
    .usage('[options] <address> <replica>')
    .description('make a replica the primary in place of its own')
    .argument('[words...]', 'a node of the cluster (host:port), and the replica (id or host:port)')
    .option('--of <primary>', 'instead of a replica: the one with most of this primary’s data')
    .addOption(new Option('--force', 'without the primary, by a vote of the others').conflicts('takeover'))
    .option('--takeover', 'without the primary, and without a vote')
    .option(
      '--despite-findings',
      'even if slots are on the way, another replica has more, or this one has nothing',
    );
  addLagOption(addChangeOptions(command)).addHelpText('after', HELP);
  return addConnectionOptions(command).action(async (words: string[], flags: FailoverFlags) => {
    const { wanted, address } = readWanted(words, flags);
    const connection = await resolveConnection(address, flags, context.terminal);
    const options: FailoverOptions = {
      ...connection,
      ...changeOptions(flags),
      wanted,
      way: flags.force ? 'force' : flags.takeover ? 'takeover' : 'graceful',
      maxLagBytes: flags.maxReplicaLag,
      despiteFindings: flags.despiteFindings === true,
    };
    context.finish(await run(options, context));
  });
}

export function addLagOption(command: Command): Command {
  return command.option(
    '--max-replica-lag <bytes>',
    'how far behind a replica may be that is to take over',
    wholeNumber,
    MAX_LAG_BYTES,
  );
}

function readWanted(
  words: readonly string[],
  { of, socket, uri }: FailoverFlags,
): { readonly wanted: FailoverOptions['wanted']; readonly address: readonly string[] } {
  if (of !== undefined) return { wanted: { of }, address: words };
  const replica = words.at(-1);
  const least = socket === undefined && uri === undefined ? 2 : 1;
  if (replica === undefined || words.length < least)
    throw new UsageError(
      'name a node of the cluster, and the replica that is to take over (or --of PRIMARY)',
    );
  return { wanted: { replica }, address: words.slice(0, -1) };
}

export function runFailover(options: FailoverOptions, context: Context): Promise<ExitCode> {
  return carryOut<FailoverPlan>(options, context, {
    command: 'failover',
    decide: () =>
      withFleet(context, options, async fleet => {
        const { snapshot } = await lookAtCluster(fleet);
        const { wanted, way, maxLagBytes, despiteFindings } = options;
        const name = async (word: string) => (await nameNode(fleet, snapshot, word)).word;
        const named =
          'of' in wanted ? { of: await name(wanted.of) } : { replica: await name(wanted.replica) };
        const migrations = await listMigrations(fleet, snapshot);
        const terms = { way, maxLagBytes, despiteFindings, migrations };
        return { seen: snapshot, decision: planFailover({ snapshot, wanted: named, ...terms }) };
      }),
    preview: (plan, paint) => renderFailover(plan, remarkLines(plan, paint), paint),
    question: 'Can I fail over?',
    already: 'It is a primary already. Nothing to do. (--of has one of its replicas take over.)',
    done: 'Every node that answers knows the new roles, and replicas that are no older than the new primary are in step.',
    unfinished: () =>
      'A failover that a server has begun ends within seconds, one way or the other: look with `slotctl check`, and run the same command again if it is not done.',
  });
}
