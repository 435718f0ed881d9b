/** `add-node`: brings nodes into a cluster, as primaries without slots or as replicas. */

import { Command, Option } from 'commander';
import { readTraits } from '../live/look/join-requirements.ts';
import { lookAtCluster } from '../live/look/look-at-cluster.ts';
import { nameNode } from '../live/look/name-node.ts';
import { probeUntilSettled } from '../live/look/probe.ts';
import { type AddNodePlan, functionSource, planAddNode } from '../plan/membership/add-node.ts';
import { placeOfApplicant, placesIn } from '../plan/placement/zone-map.ts';
import { planRebalance } from '../plan/slots/rebalance.ts';
import { renderAddNode } from '../report/text/membership.ts';
import type { Fleet } from '../resp/fleet.ts';
import { parseAddress } from '../resp/parse-address.ts';
import { type Applicant, isCandidate } from '../topology/candidate.ts';
import { type Address, formatAddress } from '../topology/node.ts';
import type { ClusterSnapshot } from '../topology/snapshot.ts';
import { carryOut } from './carry-out.ts';
import { carryOutMoves } from './carry-out-moves.ts';
import type { Decided } from './change.ts';
import { type ShowCheck, showingCheckOnce } from './classic/check.ts';
import { asUsage, type Context, EXIT, type ExitCode, UsageError, withFleet } from './context.ts';
import { alsoCalled } from './options/also-called.ts';
import { addWaitCopiesOption } from './options/change.ts';
import {
  addMembershipOptions,
  type MembershipFlags,
  type MembershipOptions,
  resolveMembership,
} from './options/membership.ts';
import { addObstacleOptions, type MoveOptions, type ObstacleFlags, usualMoving } from './options/move.ts';

export interface AddNodeOptions extends MembershipOptions {
  readonly newcomers: readonly Address[];
  readonly replicas: readonly Address[];
  readonly primary?: string;
  readonly despiteFindings: boolean;
  /** The new primaries get their share of the slots right away. */
  readonly rebalance: boolean;
  readonly filling: MoveOptions['moving'];
}

interface AddNodeFlags extends MembershipFlags, ObstacleFlags {
  readonly replica?: boolean;
  readonly asReplicas?: string;
  readonly masterId?: string;
  readonly clusterMasterId?: string;
  readonly clusterPrimaryId?: string;
  readonly despiteFindings?: boolean;
  readonly rebalance?: boolean;
}

export function addNodeCommand(context: Context, run = runAddNode): Command {
  const command = new Command('add-node')
    .usage('[options] <new...> <address>')
    .description('bring new nodes into a cluster')
    .argument('[nodes...]', 'the new nodes, then a node of the cluster: host:port each')
    .option('--replica', 'as replicas')
    .addOption(alsoCalled('--cluster-slave', 'replica'))
    .addOption(alsoCalled('--cluster-replica', 'replica'))
    .option('--as-replicas <a,b,…>', 'these new nodes as replicas, the others as primaries')
    .option('--cluster-master-id <node>', 'of this primary: id, beginning of an id, or host:port')
    .addOption(new Option('--cluster-primary-id <node>').hideHelp())
    .option('--rebalance', 'give the new primaries their share of the slots right away')
    .option('--despite-findings', 'even if the cluster is not healthy');
  addWaitCopiesOption(command);
  return addMembershipOptions(addObstacleOptions(command)).action(
    async (words: string[], flags: AddNodeFlags) => {
      const entry = words.at(-1);
      const asReplicas = await asUsage(() => addresses(flags.asReplicas?.split(',') ?? []));
      const typed = await asUsage(() => addresses(words.slice(0, -1)));
      const newcomers = [
        ...typed,
        ...asReplicas.filter(a => !typed.some(b => formatAddress(a) === formatAddress(b))),
      ];
      if (entry === undefined || newcomers.length === 0)
        throw new UsageError('name the new nodes, then a node of the cluster');
      const all = flags.replica === true;
      const primary = flags.clusterMasterId ?? flags.clusterPrimaryId;
      if (primary !== undefined && !all && asReplicas.length === 0)
        throw new UsageError('--cluster-master-id goes with --replica (--cluster-slave)');
      const options: AddNodeOptions = {
        ...(await resolveMembership([entry], flags, context)),
        newcomers,
        replicas: all ? newcomers : asReplicas,
        ...(primary !== undefined && { primary }),
        despiteFindings: flags.despiteFindings === true,
        rebalance: flags.rebalance === true,
        filling: usualMoving(flags),
      };
      context.finish(await run(options, context));
    },
  );
}

function addresses(words: readonly string[]): Address[] {
  return words.map(word => parseAddress(word.trim()));
}

export async function runAddNode(options: AddNodeOptions, context: Context): Promise<ExitCode> {
  const added = await addNodes(options, context);
  return added === EXIT.done && options.rebalance && !options.dryRun ? fill(options, context) : added;
}

/** Their fair share, and everybody else's. */
function fill(options: AddNodeOptions, context: Context): Promise<ExitCode> {
  const { despiteFindings } = options;
  const replicas = new Set(options.replicas.map(formatAddress));
  const primaries = options.newcomers.map(formatAddress).filter(name => !replicas.has(name));
  return carryOutMoves({ ...options, moving: options.filling }, context, {
    command: 'add-node',
    decide: () =>
      withFleet(context, options, async fleet => {
        const seen = await lookAtCluster(fleet, options);
        const words = await Promise.all(
          primaries.map(async name => (await nameNode(fleet, seen.snapshot, name)).word),
        );
        const weights = words.map(word => ({ word, weight: 1 }));
        const wishes = { weights, thresholdPercent: 0, useEmpty: false, despiteFindings };
        return { seen: seen.snapshot, decision: planRebalance({ ...seen, ...wishes }) };
      }),
    question: 'Can I move these slots to the new nodes?',
    already: 'The new nodes have their share of the slots.',
  });
}

function addNodes(options: AddNodeOptions, context: Context): Promise<ExitCode> {
  const showCheck = showingCheckOnce(options, context);
  return carryOut(options, context, {
    command: 'add-node',
    isFirstPart: options.rebalance && !options.dryRun,
    decide: () => withFleet(context, options, fleet => decide(fleet, options, showCheck, context)),
    preview: (plan, paint) => renderAddNode(plan, options.primary === undefined, paint),
    question: 'Can I add these nodes?',
    already: 'The cluster has these nodes already. Nothing to do.',
    done: 'New node added correctly. Every node that answers knows it.',
  });
}

async function decide(
  fleet: Fleet,
  options: AddNodeOptions,
  showCheck: ShowCheck,
  { nowMs }: Context,
): Promise<Decided<AddNodePlan>> {
  const { primary, zones, despiteFindings, allowMixed, joinTimeoutMs: timeoutMs } = options;
  const replicas = new Set(options.replicas.map(formatAddress));
  const [seen, newcomers] = await Promise.all([
    lookAtCluster(fleet, options),
    probeUntilSettled(fleet, options.newcomers, { nowMs, timeoutMs }),
  ]);
  const { snapshot } = seen;
  showCheck(seen);
  const candidates = new Map(newcomers.filter(isCandidate).map(c => [c.view.id, c]));
  const inCluster = placesIn(snapshot, zones);
  const decision = planAddNode({
    ...seen,
    newcomers,
    asReplicas: asked => replicas.has(formatAddress(asked)),
    ...(primary !== undefined && { primary: (await nameNode(fleet, snapshot, primary)).word }),
    traits: await readTraits(fleet, snapshot, functionSource(snapshot)),
    placeOf: id => {
      const candidate = candidates.get(id);
      return candidate ? placeOfApplicant(candidate, zones) : inCluster(id);
    },
    despiteFindings,
    allowMixed,
    wantsCopies: options.waitsForCopies === true,
  });
  return {
    decision,
    seen: decision.kind === 'plan' ? decision.plan.before : withCandidates(snapshot, newcomers),
  };
}

/** So that refusals can name them. */
function withCandidates(snapshot: ClusterSnapshot, newcomers: readonly Applicant[]): ClusterSnapshot {
  const known = new Set(snapshot.views.map(({ id }) => id));
  const views = newcomers.filter(isCandidate).map(({ view }) => view);
  return { ...snapshot, views: [...snapshot.views, ...views.filter(({ id }) => !known.has(id))] };
}
