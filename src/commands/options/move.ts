/** How slots are moved: the options that every command shares that moves some. */
import { type Command, Option } from 'commander';
import type { PaceLimits } from '../../live/keys/pace.ts';
import type { MoverChoice } from '../../live/move/move-slots.ts';
import type { Moving } from '../../live/move/passages.ts';
import {
  type Manner,
  type MigrateLimits,
  setsOwnPace,
  USUAL_MANNER,
} from '../../plan/slots/move-settings.ts';
import { type Context, UsageError } from '../context.ts';
import {
  addChangeOptions,
  addWaitCopiesOption,
  type ChangeFlags,
  type ChangeOptions,
  changeOptions,
} from './change.ts';
import { addConnectionOptions, type ConnectionFlags, resolveConnection } from './connection.ts';
import { positive, wholeNumber } from './numbers.ts';

/** How much goes in one MIGRATE, and how long that may take. */
export interface MigrateFlags {
  readonly clusterPipeline: number;
  readonly clusterTimeout: number;
  readonly maxBlockMs: number;
  readonly allowBlocking?: boolean;
}

interface MannerFlags
  extends ObstacleFlags,
    MigrateFlags,
    PaceLimits,
    Pick<ChangeFlags, 'joinTimeout' | 'waitCopies'> {
  readonly mover: MoverChoice;
  readonly window: number;
  readonly parallel: number;
  readonly waitReplicas: number;
}

export interface MoveFlags extends ConnectionFlags, ChangeFlags, MannerFlags {
  readonly planOut?: string;
  readonly despiteFindings?: boolean;
}

export interface MoveOptions extends ChangeOptions {
  readonly moving: Omit<Moving, 'isStopping'> & Pick<Manner, 'patience'>;
  readonly despiteFindings: boolean;
}

/** For commands that move slots on the way to something else. */
export const USUAL_MOVING: MoveOptions['moving'] = { ...USUAL_MANNER, mayEvict: false };

/** What a move may stop at. */
export interface ObstacleFlags {
  readonly allowBlocking?: boolean;
  readonly clusterReplace?: boolean;
}

/** The option and what is said of it, wherever keys go from server to server. */
export const ALLOW_BLOCKING = [
  '--allow-blocking',
  'move even keys that block the servers for longer than half the node timeout',
] as const;

export function addObstacleOptions(command: Command): Command {
  return command
    .option(...ALLOW_BLOCKING)
    .option(
      '--cluster-replace',
      'overwrite keys that have another value at the target, and keep that in a file',
    );
}

export function usualMoving(
  flags: ObstacleFlags & { readonly despiteFindings?: boolean },
): MoveOptions['moving'] {
  const { allowBlocking = false, clusterReplace: replace = false, despiteFindings = false } = flags;
  const limits = { ...USUAL_MOVING.limits, allowBlocking, replace };
  return { ...USUAL_MOVING, mayEvict: despiteFindings, limits };
}

/** `mostTime`: what else is said of the time. */
export function addMigrateOptions(
  command: Command,
  { firstBatch, mostTime = '' }: { readonly firstBatch: number; readonly mostTime?: string },
): Command {
  const { timeoutMs, maxBlockMs } = USUAL_MOVING.limits;
  const waits = `what servers wait for each other in one MIGRATE${mostTime}`;
  return command
    .option('--cluster-pipeline <keys>', 'keys in the first MIGRATE', positive, firstBatch)
    .option('--cluster-timeout <ms>', waits, positive, timeoutMs)
    .option('--max-block-ms <ms>', 'how long one MIGRATE may hold up clients', positive, maxBlockMs);
}

export function migrateLimits(flags: MigrateFlags): MigrateLimits {
  return {
    firstBatch: flags.clusterPipeline,
    maxBlockMs: flags.maxBlockMs,
    timeoutMs: flags.clusterTimeout,
    allowBlocking: flags.allowBlocking === true,
  };
}

/** `ofWhat`: what the limits hold for. */
export function addPaceOptions(command: Command, ofWhat: string): Command {
  return command
    .option('--max-keys-per-second <keys>', ofWhat, positive)
    .option('--max-bytes-per-second <bytes>', ofWhat, positive)
    .option('--pause-above-ms <ms>', 'rest while a PING at source or target takes longer', positive);
}

export function paceOf({ maxKeysPerSecond, maxBytesPerSecond, pauseAboveMs }: PaceLimits): PaceLimits {
  return {
    ...(maxKeysPerSecond !== undefined && { maxKeysPerSecond }),
    ...(maxBytesPerSecond !== undefined && { maxBytesPerSecond }),
    ...(pauseAboveMs !== undefined && { pauseAboveMs }),
  };
}

export function addMoveOptions(command: Command): Command {
  const { mover, parallel, limits } = USUAL_MOVING;
  command.addOption(
    new Option(
      '--mover <mover>',
      'atomic: by the servers themselves; migrate: key by key; auto: atomic where it works',
    )
      .choices(['auto', 'atomic', 'migrate'])
      .default(mover),
  );
  addMigrateOptions(command, { ...limits, mostTime: '; half the node timeout at most' })
    .option('--window <slots>', 'slots that are open at the same time', positive, limits.window)
    .option('--parallel <passages>', 'moves that a node may be part of at a time', positive, parallel)
    .option(
      '--wait-replicas <count>',
      'replicas of the target that must have the keys before it owns them',
      wholeNumber,
      limits.waitReplicas,
    );
  addObstacleOptions(addPaceOptions(command, 'for all moves together'))
    .option('--plan-out <file>', 'write the plan to a file, and do nothing')
    .option('--despite-findings', 'even if the cluster is not healthy');
  return addConnectionOptions(addWaitCopiesOption(addChangeOptions(command)));
}

export async function resolveMove(
  words: readonly string[],
  flags: MoveFlags,
  { terminal }: Context,
): Promise<MoveOptions> {
  const moving = mannerOf(flags);
  if (moving.mover === 'atomic' && setsOwnPace(moving))
    throw new UsageError(
      'limits and --wait-replicas go with --mover migrate; in atomic migration the servers set the pace',
    );
  return {
    ...(await resolveConnection(words, flags, terminal)),
    ...changeOptions(flags),
    moving: { ...moving, mayEvict: flags.despiteFindings === true },
    ...(flags.planOut !== undefined && { planFile: flags.planOut }),
    despiteFindings: flags.despiteFindings === true,
  };
}

function mannerOf(flags: MannerFlags): Manner {
  return {
    mover: flags.mover,
    parallel: flags.parallel,
    limits: {
      ...migrateLimits(flags),
      window: flags.window,
      replace: flags.clusterReplace === true,
      waitReplicas: flags.waitReplicas,
    },
    paceLimits: paceOf(flags),
    patience: {
      joinTimeoutMs: Math.max(1, Math.round(flags.joinTimeout * 1000)),
      waitCopies: flags.waitCopies === true,
    },
  };
}

/** As if they had been given on the command line. */
export function flagsOf({ mover, parallel, limits, paceLimits, patience }: Manner): MannerFlags {
  return {
    mover,
    parallel,
    clusterPipeline: limits.firstBatch,
    maxBlockMs: limits.maxBlockMs,
    window: limits.window,
    clusterTimeout: limits.timeoutMs,
    clusterReplace: limits.replace,
    allowBlocking: limits.allowBlocking,
    waitReplicas: limits.waitReplicas,
    ...paceLimits,
    joinTimeout: patience.joinTimeoutMs / 1000,
    waitCopies: patience.waitCopies,
  };
}
