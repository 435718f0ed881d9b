/** One look at each end of a passage, right before anything is begun; everything is asked in one packet. */

import type { ClusterNodesReply } from '../../resp/cluster-nodes.ts';
import {
  dryRun,
  type Migration,
  PUSHED,
  type WriteConditions,
  writeConditions,
} from '../../resp/commands/atomic-migration.ts';
import { clusterNodes } from '../../resp/commands/cluster.ts';
import { configGet, functionLibraries } from '../../resp/commands/membership.ts';
import { ServerRefusalError } from '../../resp/errors.ts';
import type { Member } from '../../topology/agreement.ts';
import { orRefusal } from '../keys/asking-first.ts';
import { ifTold } from '../look/look-at-node.ts';
import type { AtomicWay } from './atomic/product-differences.ts';
import type { MoveRun, Passage } from './mover.ts';

export interface SeenEnd {
  readonly cluster: Pick<ClusterNodesReply, 'self' | 'nodes' | 'open'>;
  /** That it takes part in, or did lately. */
  readonly migrations: readonly Migration[];
  /** What our user may not do here, in the server's words. */
  readonly forbidden?: string;
  /** Function libraries and their code; absent where it does not tell. */
  readonly libraries?: ReadonlyMap<string, string>;
  readonly ioThreads?: number;
  /** Bytes that may wait for a replica before it is cut off; 0 where there is no limit. */
  readonly replicaBufferBytes?: number;
  readonly writes?: WriteConditions;
}

export interface BothEnds {
  readonly source: SeenEnd;
  readonly target: SeenEnd;
  /** The target would not take what the source sends as this user. */
  readonly notPushed?: { readonly user: string; readonly message: string };
}

export async function lookAtEnds(
  passage: Passage,
  { fleet }: Pick<MoveRun, 'fleet'>,
  way: AtomicWay | undefined,
): Promise<BothEnds> {
  const [source, target, notPushed] = await Promise.all([
    lookAt(passage.from, passage, fleet, way),
    lookAt(passage.to, passage, fleet, way),
    way?.pushesAs && whyNotPushed(way.pushesAs, passage, fleet),
  ]);
  return { source, target, ...(notPushed !== undefined && { notPushed }) };
}

/** As far as our own user may ask. Where nobody is named the servers do without a login. */
async function whyNotPushed(
  setting: string,
  { from, to }: Passage,
  fleet: MoveRun['fleet'],
): Promise<BothEnds['notPushed']> {
  const user = await ifTold(fleet.send(from.address, configGet(setting)));
  if (!user) return undefined;
  const answers = await Promise.all(
    PUSHED.map(command => ifTold(fleet.send(to.address, dryRun(user, command)))),
  );
  const refusal = answers.find(answer => answer !== undefined);
  return refusal ? { user, message: refusal } : undefined;
}

async function lookAt(
  member: Member,
  passage: Passage,
  fleet: MoveRun['fleet'],
  way: AtomicWay | undefined,
): Promise<SeenEnd> {
  const at = member.address;
  const isSeat = way?.seat(passage) === member;
  // Redis has one right for all of it; Valkey one for each command, so that one might begin what one may not cancel.
  const trials = isSeat && way.cancelsAll ? [way.begin(passage), way.cancel('')] : [];
  const user = fleet.credentials?.user ?? 'default';
  const [cluster, migrations, libraries, ioThreads, buffers, writes, ...forbidden] = await Promise.all([
    fleet.send(at, clusterNodes()),
    way ? orRefusal(fleet.send(at, way.list())) : [],
    ifTold(fleet.send(at, functionLibraries())),
    way && ifTold(fleet.send(at, configGet('io-threads'))),
    way && ifTold(fleet.send(at, configGet('client-output-buffer-limit'))),
    way && ifTold(fleet.send(at, writeConditions())),
    ...trials.map(command => ifTold(fleet.send(at, dryRun(user, command)))),
  ]);
  const isRefused = migrations instanceof ServerRefusalError;
  const refusal = isRefused ? migrations.text : forbidden.find(text => text !== undefined);
  const replicaBufferBytes = replicaBuffer(buffers);
  return {
    cluster,
    migrations: isRefused ? [] : migrations,
    ...(isSeat && refusal !== undefined && { forbidden: refusal }),
    ...(libraries && { libraries }),
    ...(ioThreads !== undefined && { ioThreads: Number(ioThreads) }),
    ...(replicaBufferBytes !== undefined && { replicaBufferBytes }),
    ...(writes && { writes }),
  };
}

/** `normal 0 0 0 slave 268435456 67108864 60 …`: class, hard limit, soft limit, seconds. */
function replicaBuffer(setting: string | undefined): number | undefined {
  const hard = /\b(?:slave|replica) (\d{1,15}) /.exec(setting ?? '')?.[1];
  return hard === undefined ? undefined : Number(hard);
}
