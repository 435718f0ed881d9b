/** How slots are to move, in the words of the options; what is as usual is left out. */
import type { FixManner } from '../../plan/files/fix-file.ts';
import { type Manner, mannerFields, USUAL_MANNER } from '../../plan/slots/move-settings.ts';

const OPTIONS: Readonly<Record<string, string>> = {
  mover: '--mover',
  pipeline: '--cluster-pipeline',
  timeoutMs: '--cluster-timeout',
  maxBlockMs: '--max-block-ms',
  window: '--window',
  parallel: '--parallel',
  waitReplicas: '--wait-replicas',
  replace: '--cluster-replace',
  allowBlocking: '--allow-blocking',
  maxKeysPerSecond: '--max-keys-per-second',
  maxBytesPerSecond: '--max-bytes-per-second',
  pauseAboveMs: '--pause-above-ms',
  joinTimeoutMs: '--join-timeout',
  waitCopies: '--wait-copies',
  prefer: '--prefer',
  rescueFile: '--rescue-file',
};

type Settings = Readonly<Record<string, unknown>>;

/** For a preview: what a plan in a file says, and what the command line says instead. */
export function mannerLines(inFile: Manner, now: Manner): string[] {
  return differences(mannerFields(inFile), mannerFields(now), mannerFields(USUAL_MANNER));
}

export function fixMannerLines(inFile: FixManner, now: FixManner): string[] {
  return differences({ ...inFile }, { ...now }, { prefer: 'owner', allowBlocking: false });
}

function differences(inFile: Settings, now: Settings, usual: Settings): string[] {
  const names = Object.keys(OPTIONS);
  const brought = names.filter(name => inFile[name] !== usual[name] && inFile[name] === now[name]);
  const changed = names.filter(name => inFile[name] !== now[name]);
  const list = (some: readonly string[], settings: Settings) =>
    some.map(name => word(name, settings)).join(' ');
  const others = changed.map(name => `${word(name, now)} (in the plan: ${value(name, inFile)})`).join(', ');
  return [
    ...(brought.length > 0 ? [`From the plan: ${list(brought, inFile)}`] : []),
    ...(changed.length > 0 ? [`The command line overrides the plan: ${others}`] : []),
  ];
}

function word(name: string, settings: Settings): string {
  const option = OPTIONS[name] ?? name;
  const is = settings[name];
  if (name === 'prefer' && is === 'newest') return '--prefer-newest';
  if (is === true) return option;
  return is === false || is === undefined ? `no ${option}` : `${option} ${value(name, settings)}`;
}

function value(name: string, settings: Settings): string {
  const is = settings[name];
  if (is === true) return 'yes';
  if (name === 'joinTimeoutMs') return `${Number(is) / 1000}`;
  return is === false || is === undefined ? 'none' : `${is}`;
}
