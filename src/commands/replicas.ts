/** `replicate` and `place-replicas`: replicas get other primaries, one by name or all as placement asks. */

import { Command } from 'commander';
import { lookAtCluster } from '../live/look/look-at-cluster.ts';
import { nameNode } from '../live/look/name-node.ts';
import { planPlaceReplicas, planReplicate, type RehomingPlan } from '../plan/membership/replicate.ts';
import { placesIn } from '../plan/placement/zone-map.ts';
import type { Decision } from '../plan/refusal.ts';
import { renderRehoming } from '../report/text/membership.ts';
import type { Fleet } from '../resp/fleet.ts';
import type { ClusterSnapshot } from '../topology/snapshot.ts';
import { carryOut } from './carry-out.ts';
import { type Context, type ExitCode, UsageError, withFleet } from './context.ts';
import { addWaitCopiesOption, type ChangeOptions } from './options/change.ts';
import {
  addMembershipOptions,
  type MembershipFlags,
  type MembershipOptions,
  resolveMembership,
} from './options/membership.ts';

export interface ReplicateOptions extends MembershipOptions {
  readonly replica: string;
  readonly primary: string;
}

export function replicateCommand(context: Context, run = runReplicate): Command {
  const command = new Command('replicate')
    .usage('[options] <address> <replica> <primary>')
    .description('make a node the replica of a primary')
    .argument(
      '[words...]',
      'a node of the cluster (host:port), the replica, and its new primary (ids or host:port)',
    );
  addWaitCopiesOption(command);
  return addMembershipOptions(command).action(async (words: string[], flags: MembershipFlags) => {
    const [replica, primary] = words.slice(-2);
    if (words.length < 3 || replica === undefined || primary === undefined)
      throw new UsageError('name a node of the cluster, the replica, and its new primary');
    const options = await resolveMembership(words.slice(0, -2), flags, context);
    context.finish(await run({ ...options, replica, primary }, context));
  });
}

export function placeReplicasCommand(context: Context, run = runPlaceReplicas): Command {
  const command = new Command('place-replicas')
    .usage('[options] <address>')
    .description('give replicas other primaries, so that hosts and zones can fail, with the fewest moves')
    .argument('[address...]', 'any node: host:port, host port, or a URI');
  addWaitCopiesOption(command);
  return addMembershipOptions(command).action(async (words: string[], flags: MembershipFlags) => {
    context.finish(await run(await resolveMembership(words, flags, context), context));
  });
}

export function runReplicate(options: ReplicateOptions, context: Context): Promise<ExitCode> {
  const { zones, allowMixed } = options;
  return rehomeReplicas('replicate', options, context, async (fleet, snapshot) => {
    const [replica, primary] = await Promise.all(
      [options.replica, options.primary].map(async word => (await nameNode(fleet, snapshot, word)).word),
    );
    const placeOf = placesIn(snapshot, zones);
    return planReplicate({
      snapshot,
      replica: `${replica}`,
      primary: `${primary}`,
      placeOf,
      allowMixed,
      wantsCopies: options.waitsForCopies === true,
    });
  });
}

export function runPlaceReplicas(options: MembershipOptions, context: Context): Promise<ExitCode> {
  const { zones, allowMixed } = options;
  return rehomeReplicas('place-replicas', options, context, async (_, snapshot) =>
    planPlaceReplicas(snapshot, placesIn(snapshot, zones), allowMixed),
  );
}

function rehomeReplicas(
  command: 'replicate' | 'place-replicas',
  options: ChangeOptions,
  context: Context,
  plan: (fleet: Fleet, snapshot: ClusterSnapshot) => Promise<Decision<RehomingPlan>>,
): Promise<ExitCode> {
  return carryOut(options, context, {
    command,
    decide: () =>
      withFleet(context, options, async fleet => {
        const { snapshot: seen } = await lookAtCluster(fleet, { ...options, withReplicas: true });
        return { seen, decision: await plan(fleet, seen) };
      }),
    preview: renderRehoming,
    question: 'Can I move these replicas?',
    already:
      command === 'replicate'
        ? 'It replicates that primary already. Nothing to do.'
        : 'No move would make the placement better. Nothing to do.',
    done: 'Every node that answers knows the new roles, and the replicas are connected to their primaries.',
  });
}
