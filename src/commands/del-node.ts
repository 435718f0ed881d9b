/** `del-node` and `forget-failed`: nodes leave a cluster, or are gone already. */

import { Command } from 'commander';
import { inspect } from '../live/look/inspect.ts';
import { lookAtCluster } from '../live/look/look-at-cluster.ts';
import { nameNode } from '../live/look/name-node.ts';
import { planDelNode, type RemovePlan } from '../plan/membership/del-node.ts';
import { planForgetFailed } from '../plan/membership/forget-failed.ts';
import { placesIn } from '../plan/placement/zone-map.ts';
import { lateLosses } from '../plan/slots/late-loss.ts';
import type { MovePlan } from '../plan/slots/move-plan.ts';
import { planRebalance } from '../plan/slots/rebalance.ts';
import { describeLoss } from '../report/text/loss.ts';
import { renderDelNode, renderForgetFailed } from '../report/text/membership.ts';
import { NodeNames } from '../report/text/names.ts';
import type { Fleet } from '../resp/fleet.ts';
import { findNode } from '../topology/find-node.ts';
import type { NodeId } from '../topology/node.ts';
import { believedNodes, type ClusterSnapshot } from '../topology/snapshot.ts';
import { carryOut } from './carry-out.ts';
import { carryOutMoves } from './carry-out-moves.ts';
import type { Decided } from './change.ts';
import { type Context, EXIT, type ExitCode, UsageError, withFleet } from './context.ts';
import { addWaitCopiesOption } from './options/change.ts';
import {
  addMembershipOptions,
  type MembershipFlags,
  type MembershipOptions,
  resolveMembership,
} from './options/membership.ts';
import { addObstacleOptions, type MoveOptions, type ObstacleFlags, usualMoving } from './options/move.ts';

export interface DelNodeOptions extends MembershipOptions {
  readonly victim: string;
  readonly ending: 'reset' | 'shutdown';
  readonly keepData: boolean;
  /** Its slots are moved to others first. */
  readonly drain: boolean;
  readonly draining: Pick<MoveOptions, 'moving' | 'despiteFindings'>;
}

interface DelNodeFlags extends MembershipFlags, ObstacleFlags {
  readonly despiteFindings?: boolean;
  readonly shutdown?: boolean;
  readonly keepData?: boolean;
  readonly drain?: boolean;
}

export function delNodeCommand(context: Context, run = runDelNode): Command {
  const command = new Command('del-node')
    .usage('[options] <address> <node>')
    .description('remove a node, dead or alive, that owns no slots')
    .argument(
      '[words...]',
      'a node of the cluster (host:port), and who leaves: id, beginning of an id, or host:port',
    )
    .option('--shutdown', 'shut the node down instead of resetting it')
    .option('--drain', 'move its slots to the other primaries first')
    .option('--keep-data', 'leave the node itself as it is: neither reset nor shut down')
    .option('--despite-findings', 'move its slots even if the cluster is not healthy');
  addWaitCopiesOption(command);
  return addMembershipOptions(addObstacleOptions(command)).action(
    async (words: string[], flags: DelNodeFlags) => {
      const victim = words.at(-1);
      if (victim === undefined || words.length < 2)
        throw new UsageError('name a node of the cluster, and the node that is to leave');
      if (flags.shutdown && flags.keepData)
        throw new UsageError('--shutdown and --keep-data exclude each other');
      const options: DelNodeOptions = {
        ...(await resolveMembership(words.slice(0, -1), flags, context)),
        victim,
        ending: flags.shutdown ? 'shutdown' : 'reset',
        keepData: flags.keepData === true,
        drain: flags.drain === true,
        draining: { moving: usualMoving(flags), despiteFindings: flags.despiteFindings === true },
      };
      context.finish(await run(options, context));
    },
  );
}

export async function runDelNode(options: DelNodeOptions, context: Context): Promise<ExitCode> {
  let drained: MovePlan | undefined;
  const keep = (plan: MovePlan) => {
    drained = plan;
  };
  const code = options.drain ? await drain(options, context, keep) : EXIT.done;
  return code === EXIT.done && !options.dryRun ? removeNode(options, context, drained) : code;
}

/** By a weight of 0. A node without slots is empty already. */
function drain(options: DelNodeOptions, context: Context, keep: (plan: MovePlan) => void): Promise<ExitCode> {
  const { victim, draining } = options;
  const { despiteFindings } = draining;
  return carryOutMoves({ ...options, ...draining }, context, {
    command: 'del-node',
    isFirstPart: !options.dryRun,
    decide: () =>
      withFleet(context, options, async fleet => {
        const seen = await lookAtCluster(fleet, options);
        const { snapshot } = seen;
        const { word } = await nameNode(fleet, snapshot, victim);
        const found = findNode(snapshot, word);
        const weights = found.kind === 'found' && ownsSlots(snapshot, found.id) ? [{ word, weight: 0 }] : [];
        const thresholdPercent = weights.length === 0 ? Number.MAX_SAFE_INTEGER : 0;
        const wishes = { weights, thresholdPercent, useEmpty: false, despiteFindings };
        const decision = planRebalance({ ...seen, ...wishes });
        if (decision.kind === 'plan') keep(decision.plan);
        return { seen: snapshot, decision };
      }),
    question: 'Can I move the slots of this node to the others?',
    already: 'The node owns no slots.',
  });
}

function ownsSlots(snapshot: ClusterSnapshot, id: NodeId): boolean {
  const node = believedNodes(snapshot).get(id);
  return node?.role === 'primary' && node.slots.size > 0;
}

function removeNode(
  options: DelNodeOptions,
  context: Context,
  drained: MovePlan | undefined,
): Promise<ExitCode> {
  return carryOut(options, context, {
    command: 'del-node',
    decide: () => withFleet(context, options, fleet => decideOnVictim(fleet, options)),
    preview: renderDelNode,
    question: 'Can I remove this node?',
    already: 'The cluster does not know this node. Nothing to do.',
    done: 'The node is removed: no node that answers knows it any more.',
    verify: async fleet => (drained ? lossesSince(drained, fleet) : []),
    // By its address: once it is forgotten, nobody knows its id.
    unfinished: ({ victims, before }, names) =>
      `Not everything was done. To go on from here: slotctl del-node ${names.of(before.entry)} ${victims.map(id => names.of(id)).join(' ')}`,
  });
}

/** While the node was being removed, those that have its keys may have lost some. */
async function lossesSince({ before, moves }: MovePlan, fleet: Fleet): Promise<string[]> {
  const targets = new Set(moves.map(({ to }) => to));
  const first = before.views.find(({ id }) => targets.has(id))?.address;
  if (!first) return [];
  fleet.renew(first);
  const seen = await inspect(fleet, undefined, first);
  const names = new NodeNames(seen);
  return lateLosses(before, seen, moves, new Set())
    .filter(({ node }) => targets.has(node))
    .map(loss => describeLoss(loss, names));
}

async function decideOnVictim(fleet: Fleet, options: DelNodeOptions): Promise<Decided<RemovePlan>> {
  const { victim, ending, keepData } = options;
  const { snapshot } = await lookAtCluster(fleet, { ...options, withReplicas: true });
  const { word, stranger } = await nameNode(fleet, snapshot, victim);
  const placeOf = placesIn(snapshot, options.zones);
  const decision = planDelNode({ snapshot, word, ending, keepData, placeOf, ...(stranger && { stranger }) });
  return { decision, seen: snapshot };
}

export function forgetFailedCommand(context: Context, run = runForgetFailed): Command {
  const command = new Command('forget-failed')
    .usage('[options] <address>')
    .description('remove nodes that are gone but still known to others')
    .argument('[address...]', 'any node: host:port, host port, or a URI');
  return addMembershipOptions(command).action(async (words: string[], flags: MembershipFlags) => {
    context.finish(await run(await resolveMembership(words, flags, context), context));
  });
}

export function runForgetFailed(options: MembershipOptions, context: Context): Promise<ExitCode> {
  return carryOut(options, context, {
    command: 'forget-failed',
    decide: async () => {
      const seen = await withFleet(context, options, lookAtCluster);
      const placeOf = placesIn(seen.snapshot, options.zones);
      return { seen: seen.snapshot, decision: planForgetFailed(seen, placeOf) };
    },
    preview: renderForgetFailed,
    question: 'Can I have these nodes forgotten?',
    already: 'Nobody knows a node that is gone. Nothing to do.',
    done: 'Nobody who answers knows these nodes any more.',
  });
}
