/** How slots are moved: the options that every command shares that moves some. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { MoverChoice } from '../../live/move/move-slots.ts';
import type { Moving } from '../../live/move/passages.ts';
import { type Manner, setsOwnPace, USUAL_MANNER } from '../../plan/slots/move-settings.ts';
import {
  addChangeOptions,
  addWaitCopiesOption,
  type ChangeFlags,
  type ChangeOptions,
  changeOptions,
} from '../carry-out.ts';
import { type Context, UsageError } from '../context.ts';
import { addConnectionOptions, type ConnectionFlags, resolveConnection, wholeNumber } from './connection.ts';

export interface MoveFlags extends ConnectionFlags, ChangeFlags {
  readonly mover: MoverChoice;
  readonly clusterPipeline: number;
  readonly clusterTimeout: number;
  readonly maxBlockMs: number;
  readonly window: number;
  readonly parallel: number;
  readonly planOut?: string;
  readonly despiteFindings?: boolean;
  readonly allowBlocking?: boolean;
  readonly clusterReplace?: boolean;
  readonly waitReplicas: number;
  readonly maxKeysPerSecond?: number;
  readonly maxBytesPerSecond?: number;
  readonly pauseAboveMs?: number;
}

export interface MoveOptions extends ChangeOptions {
  readonly moving: Omit<Moving, 'isStopping'> & Pick<Manner, 'patience'>;
  readonly despiteFindings: boolean;
}

/** For commands that move slots on the way to something else. */
export const USUAL_MOVING: MoveOptions['moving'] = { ...USUAL_MANNER, mayEvict: false };

/** What a move may stop at, where a command moves slots on the way to something else. */
export interface ObstacleFlags {
  readonly allowBlocking?: boolean;
  readonly clusterReplace?: boolean;
  readonly despiteFindings?: boolean;
}

export function addObstacleOptions(command: Command): Command {
  for (const option of obstacleOptions()) command.addOption(option);
  return command;
}

export function usualMoving(flags: ObstacleFlags): MoveOptions['moving'] {
  const { allowBlocking = false, clusterReplace: replace = false, despiteFindings = false } = flags;
  const limits = { ...USUAL_MOVING.limits, allowBlocking, replace };
  return { ...USUAL_MOVING, mayEvict: despiteFindings, limits };
}

function obstacleOptions(): Option[] {
  return [
    new Option(
      '--allow-blocking',
      'move even keys that block the servers for longer than half the node timeout',
    ),
    new Option(
      '--cluster-replace',
      'overwrite keys that have another value at the target, and keep that in a file',
    ),
  ];
}

export function addMoveOptions(command: Command): Command {
  const { mover, parallel, limits } = USUAL_MOVING;
  const options = [
    new Option(
      '--mover <mover>',
      'atomic: by the servers themselves; migrate: key by key; auto: atomic where it works',
    )
      .choices(['auto', 'atomic', 'migrate'])
      .default(mover),
    new Option('--cluster-pipeline <keys>', 'keys in the first MIGRATE')
      .default(limits.firstBatch)
      .argParser(positive),
    new Option(
      '--cluster-timeout <ms>',
      'what servers wait for each other in one MIGRATE; half the node timeout at most',
    )
      .default(limits.timeoutMs)
      .argParser(positive),
    new Option('--max-block-ms <ms>', 'how long one MIGRATE may hold up clients')
      .default(limits.maxBlockMs)
      .argParser(positive),
    new Option('--window <slots>', 'slots that are open at the same time')
      .default(limits.window)
      .argParser(positive),
    new Option('--parallel <passages>', 'moves that a node may be part of at a time')
      .default(parallel)
      .argParser(positive),
    new Option(
      '--wait-replicas <count>',
      'replicas of the target that must have the keys before it owns them',
    )
      .default(limits.waitReplicas)
      .argParser(wholeNumber),
    new Option('--max-keys-per-second <keys>', 'for all moves together').argParser(positive),
    new Option('--max-bytes-per-second <bytes>', 'for all moves together').argParser(positive),
    new Option('--pause-above-ms <ms>', 'rest while a PING at source or target takes longer').argParser(
      positive,
    ),
    ...obstacleOptions(),
    new Option('--plan-out <file>', 'write the plan to a file, and do nothing'),
    new Option('--despite-findings', 'even if the cluster is not healthy'),
  ];
  for (const option of options) command.addOption(option);
  return addConnectionOptions(addWaitCopiesOption(addChangeOptions(command)));
}

/** Zero keys or zero milliseconds have cost people their data elsewhere. */
export function positive(text: string): number {
  const value = /^\+?\d{1,9}$/.test(text) ? Number(text) : 0;
  if (value < 1) throw new InvalidArgumentError('It must be a whole number above 0.');
  return value;
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

type MannerFlags = Pick<
  MoveFlags,
  | 'mover'
  | 'clusterPipeline'
  | 'clusterTimeout'
  | 'maxBlockMs'
  | 'window'
  | 'parallel'
  | 'allowBlocking'
  | 'clusterReplace'
  | 'waitReplicas'
  | 'maxKeysPerSecond'
  | 'maxBytesPerSecond'
  | 'pauseAboveMs'
  | 'joinTimeout'
  | 'waitCopies'
>;

export function mannerOf(flags: MannerFlags): Manner {
  return {
    mover: flags.mover,
    parallel: flags.parallel,
    limits: {
      firstBatch: flags.clusterPipeline,
      maxBlockMs: flags.maxBlockMs,
      window: flags.window,
      timeoutMs: flags.clusterTimeout,
      replace: flags.clusterReplace === true,
      allowBlocking: flags.allowBlocking === true,
      waitReplicas: flags.waitReplicas,
    },
    paceLimits: {
      ...(flags.maxKeysPerSecond !== undefined && { maxKeysPerSecond: flags.maxKeysPerSecond }),
      ...(flags.maxBytesPerSecond !== undefined && { maxBytesPerSecond: flags.maxBytesPerSecond }),
      ...(flags.pauseAboveMs !== undefined && { pauseAboveMs: flags.pauseAboveMs }),
    },
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
