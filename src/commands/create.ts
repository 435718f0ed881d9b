/** `create`: makes one cluster of nodes that do not know each other. */

import { Command, Option } from 'commander';
import { lookAtCluster } from '../live/look/look-at-cluster.ts';
import { probeUntilSettled } from '../live/look/probe.ts';
import { planCreate } from '../plan/membership/create.ts';
import type { Roles } from '../plan/membership/roles.ts';
import { planUndoCreate } from '../plan/membership/undo-create.ts';
import { placeOfApplicant } from '../plan/placement/zone-map.ts';
import { renderCreatePlan, renderUndoCreate } from '../report/text/create.ts';
import { parseAddress } from '../resp/parse-address.ts';
import { type Applicant, isCandidate } from '../topology/candidate.ts';
import { type Address, formatAddress } from '../topology/node.ts';
import type { ClusterSnapshot } from '../topology/snapshot.ts';
import { carryOut } from './carry-out.ts';
import { mayHaveFewPrimaries } from './classic/ask-few-primaries.ts';
import { showingCheckOnce } from './classic/check.ts';
import { asUsage, type Context, EXIT, type ExitCode, UsageError, withFleet } from './context.ts';
import {
  addMembershipOptions,
  type MembershipFlags,
  type MembershipOptions,
  resolveMembership,
} from './options/membership.ts';
import { wholeNumber } from './options/numbers.ts';

export interface CreateOptions extends MembershipOptions {
  readonly nodes: readonly Address[];
  readonly roles: Roles;
  readonly allowFewPrimaries: boolean;
  /** Undoes what an earlier create has begun, instead of going on with it. */
  readonly undo: boolean;
}

interface CreateFlags extends MembershipFlags {
  readonly clusterReplicas?: number;
  readonly replicas?: number;
  readonly primaries?: string;
  readonly replicasOf?: readonly string[];
  readonly forceFewPrimaries?: boolean;
  readonly resetFailed?: boolean;
}

export function createCommand(context: Context, run = runCreate): Command {
  const command = new Command('create')
    .usage('[options] <nodes...>')
    .description('make one cluster of nodes that do not know each other')
    .argument('[nodes...]', 'host:port of every node')
    .option('--cluster-replicas <count>', 'replicas of each primary', wholeNumber)
    .addOption(new Option('--replicas <count>').argParser(wholeNumber).hideHelp())
    .option('--primaries <a,b,…>', 'which nodes are the primaries, in the order of their slots')
    .option('--replicas-of <pairs...>', 'and which are whose replicas: primary=a,b …')
    .option('--force-few-primaries', 'with fewer than 3 primaries, none of which can be failed over')
    .option('--reset-failed', 'undo a create that failed: reset those of the nodes that hold no keys');
  return addMembershipOptions(command).action(async (words: string[], flags: CreateFlags) => {
    const roles = await asUsage(() => readRoles(flags));
    const nodes = await asUsage(() => readNodes(words, roles));
    const [first] = nodes;
    if (!first) throw new UsageError('name the nodes: host:port of each');
    const options: CreateOptions = {
      ...(await resolveMembership([formatAddress(first)], flags, context)),
      nodes,
      roles,
      allowFewPrimaries: flags.forceFewPrimaries === true,
      undo: flags.resetFailed === true,
    };
    context.finish(await run(options, context));
  });
}

function readRoles(flags: CreateFlags): Roles {
  const count = flags.clusterReplicas ?? flags.replicas;
  const { primaries, replicasOf = [] } = flags;
  if (primaries === undefined) {
    if (replicasOf.length > 0) throw new UsageError('--replicas-of goes with --primaries');
    return { kind: 'counted', replicas: count ?? 0 };
  }
  if (count !== undefined) throw new UsageError('give a count of replicas or name the primaries, not both');
  const pairs = replicasOf.map(readPair);
  const twice = pairs.map(([primary]) => primary).find((name, i, all) => all.indexOf(name) !== i);
  if (twice !== undefined) throw new UsageError(`--replicas-of ${twice} is given twice`);
  return { kind: 'named', primaries: list(primaries), replicasOf: new Map(pairs) };
}

function readPair(text: string): [primary: string, replicas: string[]] {
  const [primary = '', replicas = '', ...more] = text.split('=');
  if (!primary || !replicas || more.length > 0)
    throw new UsageError(`'${text}' is not primary=replica,replica`);
  return [formatAddress(parseAddress(primary)), list(replicas)];
}
function list(text: string): string[] {
  return text.split(',').map(part => formatAddress(parseAddress(part.trim())));
}

/** Nodes that have a role need not be named again. */
function readNodes(words: readonly string[], roles: Roles): Address[] {
  const typed = words.map(word => parseAddress(word));
  if (roles.kind === 'counted') return typed;
  const known = new Set(typed.map(formatAddress));
  const named = [...roles.primaries, ...[...roles.replicasOf.values()].flat()];
  return [...typed, ...named.filter(name => !known.has(name)).map(name => parseAddress(name))];
}

export async function runCreate(options: CreateOptions, context: Context): Promise<ExitCode> {
  if (options.undo) return undoCreate(options, context);
  const code = await create(options, context);
  if (code === EXIT.done && context.conventions === 'classic' && !options.dryRun)
    showingCheckOnce(options, context)(await withFleet(context, options, lookAtCluster));
  return code;
}

function create(options: CreateOptions, context: Context): Promise<ExitCode> {
  const { roles, zones, allowMixed, yes, dryRun, json } = options;
  let allowFewPrimaries = options.allowFewPrimaries;
  const placeOf = (node: Applicant) => placeOfApplicant(node, zones);
  const plan = (nodes: readonly Applicant[]) =>
    planCreate({ nodes, roles, placeOf, allowFewPrimaries, allowMixed });
  return carryOut(options, context, {
    command: 'create',
    decide: async () => {
      const nodes = await probeAll(options, context);
      const decision = plan(nodes);
      const isAgreed = yes || dryRun;
      // Once: looked at again, it is so already.
      allowFewPrimaries ||= await mayHaveFewPrimaries({ decision, nodes, isAgreed, json }, context);
      return { seen: asSeen(nodes), decision: allowFewPrimaries ? plan(nodes) : decision };
    },
    preview: renderCreatePlan,
    question: 'Can I set the above configuration?',
    already: 'These nodes are a cluster already, exactly as this command would make it. Nothing to do.',
    done: 'All 16384 slots covered. Every node knows every other, its role and its slots.',
    unfinished: () =>
      'The cluster is not complete. Run the same command again to go on from here, or undo it with create --reset-failed and the same nodes.',
  });
}

function undoCreate(options: CreateOptions, context: Context): Promise<ExitCode> {
  return carryOut(options, context, {
    command: 'create --reset-failed',
    decide: async () => {
      const nodes = await probeAll(options, context);
      return { seen: asSeen(nodes), decision: planUndoCreate(nodes) };
    },
    preview: renderUndoCreate,
    question: 'Can I reset these nodes?',
    already: 'These nodes are as new already. Nothing to do.',
    done: 'The nodes are as new: they know nobody, and own nothing.',
    unfinished: () => 'Not every node was reset. Run the same command again to go on from here.',
  });
}

function probeAll(options: CreateOptions, context: Context): Promise<Applicant[]> {
  const { nodes, joinTimeoutMs: timeoutMs } = options;
  return withFleet(context, options, fleet =>
    probeUntilSettled(fleet, nodes, { nowMs: context.nowMs, timeoutMs }),
  );
}

function asSeen(nodes: readonly Applicant[]): ClusterSnapshot | undefined {
  const views = nodes.filter(isCandidate).map(node => node.view);
  const [first] = views;
  return first && { entry: first.id, views, unreachable: [] };
}
