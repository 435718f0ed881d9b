/**
 * How slots are to move, as far as that can be chosen: part of a plan in a file, so that what was asked for holds when it is carried
 * out. Consent is no part of it: neither that nobody is to be asked, nor that findings are to be overlooked.
 */
import { readFields, shown, wrong } from '../files/read-value.ts';

/** Of what goes by MIGRATE, slots or the keys of another server. */
export interface MigrateLimits {
  /** Keys in the first MIGRATE; afterwards time decides. */
  readonly firstBatch: number;
  /** How long one MIGRATE may hold up the clients of both ends. */
  readonly maxBlockMs: number;
  /** What servers wait for each other in one MIGRATE. */
  readonly timeoutMs: number;
  /** Keys are moved however long that holds up the servers. */
  readonly allowBlocking: boolean;
}

export interface MoveLimits extends MigrateLimits {
  /** Slots that are open at the same time. */
  readonly window: number;
  /** Other values at the target give way to those of the source, and are kept in a file. */
  readonly replace: boolean;
  /** Replicas of the target that must have the keys of a slot before it is handed over. */
  readonly waitReplicas: number;
}

export interface Manner {
  readonly mover: (typeof MOVERS)[number];
  readonly parallel: number;
  readonly limits: MoveLimits;
  readonly paceLimits: {
    readonly maxKeysPerSecond?: number;
    readonly maxBytesPerSecond?: number;
    readonly pauseAboveMs?: number;
  };
  readonly patience: {
    /** How long nodes may take to agree, and copies to get on. */
    readonly joinTimeoutMs: number;
    readonly waitCopies: boolean;
  };
}

const MOVERS = ['auto', 'atomic', 'migrate'] as const;

export const USUAL_MANNER: Manner = {
  mover: 'auto',
  parallel: 1,
  limits: {
    firstBatch: 10,
    maxBlockMs: 5,
    window: 64,
    timeoutMs: 60_000,
    replace: false,
    allowBlocking: false,
    waitReplicas: 0,
  },
  paceLimits: {},
  patience: { joinTimeoutMs: 60_000, waitCopies: false },
};

/** What servers do by themselves they do at their own pace, and hand over when they see fit. */
export function setsOwnPace({ limits, paceLimits }: Pick<Manner, 'limits' | 'paceLimits'>): boolean {
  return limits.waitReplicas > 0 || Object.values(paceLimits).some(limit => limit !== undefined);
}

/** In a file it is one flat object, by the names of the options. */
export function mannerFields({
  mover,
  parallel,
  limits,
  paceLimits,
  patience,
}: Manner): Record<string, unknown> {
  return {
    mover,
    pipeline: limits.firstBatch,
    timeoutMs: limits.timeoutMs,
    maxBlockMs: limits.maxBlockMs,
    window: limits.window,
    parallel,
    waitReplicas: limits.waitReplicas,
    replace: limits.replace,
    allowBlocking: limits.allowBlocking,
    ...paceLimits,
    ...patience,
  };
}

const FIELDS: ReadonlySet<string> = new Set([
  ...Object.keys(mannerFields(USUAL_MANNER)),
  'maxKeysPerSecond',
  'maxBytesPerSecond',
  'pauseAboveMs',
]);

/** With the limits that the options have. */
export function readManner(value: unknown, where: string): Manner {
  const fields = readFields(value, where);
  const stranger = Object.keys(fields).find(name => !FIELDS.has(name));
  if (stranger !== undefined) wrong(where, `has ${shown(stranger)}, which is not known here`);
  const at = (name: string) => [fields[name], `${where}.${name}`] as const;
  const rate = (name: 'maxKeysPerSecond' | 'maxBytesPerSecond' | 'pauseAboveMs') =>
    fields[name] === undefined ? {} : { [name]: readCount(...at(name), 1) };
  const manner: Manner = {
    mover: readMover(...at('mover')),
    parallel: readCount(...at('parallel'), 1),
    limits: {
      firstBatch: readCount(...at('pipeline'), 1),
      maxBlockMs: readCount(...at('maxBlockMs'), 1),
      window: readCount(...at('window'), 1),
      timeoutMs: readCount(...at('timeoutMs'), 1),
      replace: readFlag(...at('replace')),
      allowBlocking: readFlag(...at('allowBlocking')),
      waitReplicas: readCount(...at('waitReplicas'), 0, MOST_REPLICAS),
    },
    paceLimits: { ...rate('maxKeysPerSecond'), ...rate('maxBytesPerSecond'), ...rate('pauseAboveMs') },
    patience: readPatience(fields, where),
  };
  if (manner.mover === 'atomic' && setsOwnPace(manner))
    wrong(where, 'has limits or waitReplicas, which do not go with the mover "atomic"');
  return manner;
}

/** Plans that were written before these were part of them have the usual. */
function readPatience(fields: Readonly<Record<string, unknown>>, where: string): Manner['patience'] {
  const { joinTimeoutMs, waitCopies }: Readonly<Record<string, unknown>> = {
    ...USUAL_MANNER.patience,
    ...fields,
  };
  return {
    joinTimeoutMs: readCount(joinTimeoutMs, `${where}.joinTimeoutMs`, 1, A_DAY_MS),
    waitCopies: readFlag(waitCopies, `${where}.waitCopies`),
  };
}

const A_DAY_MS = 86_400_000;

/** What options take. */
const MOST = 999_999_999;
const MOST_REPLICAS = 999_999_999_999_999;

export function readCount(value: unknown, where: string, least: number, most = MOST): number {
  return typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most
    ? value
    : wrong(where, `is ${shown(value)} in place of a whole number from ${least} to ${most}`);
}

export function readFlag(value: unknown, where: string): boolean {
  return typeof value === 'boolean' ? value : wrong(where, `is ${shown(value)} in place of true or false`);
}

function readMover(value: unknown, where: string): Manner['mover'] {
  return MOVERS.find(mover => mover === value) ?? wrong(where, `cannot be ${shown(value)}`);
}
