/** A restore that was agreed to: functions, then keys, and then whether all of them have come through. */
import { inspect } from '../live/inspect.ts';
import { type CheckedDump, DamagedBackupError } from '../live/restore/check-dump.ts';
import { NobodyTakesItError } from '../live/restore/entry-sender.ts';
import { type Library, loadLibraries } from '../live/restore/load-libraries.ts';
import { restoreBackup } from '../live/restore/restore-backup.ts';
import { dealtWith, type RestoreEvent, type RestoreTally } from '../plan/restore.ts';
import { readingText, restoredText, restoreEventObject, restoreProblem } from '../report/restore.ts';
import type { Fleet } from '../resp/fleet.ts';
import type { ClusterSnapshot, NodeView } from '../topology/snapshot.ts';
import { type Context, EXIT, type ExitCode } from './context.ts';
import { explainFailure } from './failures.ts';
import type { LineTeller } from './line-teller.ts';

export interface RestoreWork {
  readonly dumps: readonly CheckedDump[];
  readonly libraries: readonly Library[];
  readonly primaries: readonly NodeView[];
}

/** Files that are read at the same time. */
const PARALLEL = 4;
/** More lines than that say no more. */
const MOST_NAMED = 20;

/** Never --replace, which would also write over what was there before the first run. */
const GO_ON =
  'The same command goes on: what is there already is left as it is, and named (with --replace it is written once more).';

export async function carryOutRestore(
  fleet: Fleet,
  snapshot: ClusterSnapshot,
  { dumps, libraries, primaries }: RestoreWork,
  { folder, replace }: { readonly folder: string; readonly replace: boolean },
  teller: LineTeller,
  context: Context,
): Promise<ExitCode> {
  const tally: RestoreTally = { restored: 0, expired: 0, existing: 0, refused: 0 };
  const keys = keysOf(dumps);
  const settings = { folder, replace, parallel: PARALLEL, nowMs: context.nowMs };
  const addresses = primaries.map(({ address }) => address);
  try {
    await follow(loadLibraries(fleet, addresses, libraries, replace), teller, context);
    await follow(restoreBackup(fleet, snapshot, dumps, settings, tally), teller, context);
  } catch (error) {
    const { code, text } = failureOf(error);
    return teller.end(code, `${text}\n${restoredText(tally, keys)} ${GO_ON}`);
  }
  if (dealtWith(tally) !== keys)
    teller.problem(`[ERR] ${dealtWith(tally)} keys were dealt with, and ${keys} were counted before.`);
  const text = restoredText(tally, keys);
  if (teller.failed) return teller.end(EXIT.problems, text);
  const gained = keysIn((await inspect(fleet)).views.filter(isPrimary)) - keysIn(primaries);
  const mortal = dumps.reduce((sum, dump) => sum + dump.mortalKeys, 0);
  if (!replace && gained < tally.restored - mortal)
    teller.note(
      `[WARNING] ${tally.restored} keys were restored, and the nodes hold only ${gained} more than before; perhaps some were deleted meanwhile.`,
    );
  return teller.end(EXIT.done, `[OK] ${text}`);
}

function failureOf(error: unknown): { readonly code: ExitCode; readonly text: string } {
  if (error instanceof NobodyTakesItError || error instanceof DamagedBackupError)
    return { code: EXIT.problems, text: `[ERR] ${error.message}.` };
  const { code, text = '' } = explainFailure(error);
  return { code, text };
}

async function follow(
  events: AsyncIterable<RestoreEvent>,
  teller: LineTeller,
  { terminal, nowMs }: Context,
): Promise<void> {
  const beganAtMs = nowMs();
  const spinner = terminal.spin('restoring');
  const named = new Map<RestoreEvent['kind'], number>();
  try {
    for await (const event of events) {
      if (event.kind === 'read') spinner.say(readingText(event, (nowMs() - beganAtMs) / 1000));
      tell(event, named, teller);
    }
  } finally {
    spinner.stop();
  }
}

function tell(event: RestoreEvent, named: Map<RestoreEvent['kind'], number>, teller: LineTeller): void {
  const object = restoreEventObject(event);
  const problem = restoreProblem(event);
  if (problem === undefined) {
    teller.say('', object);
    return;
  }
  const times = (named.get(event.kind) ?? 0) + 1;
  named.set(event.kind, times);
  if (times === MOST_NAMED + 1) teller.problem('… and more of these, which are counted.', object);
  else teller.problem(times <= MOST_NAMED ? problem : '', object);
}

export function keysOf(dumps: readonly CheckedDump[]): number {
  return dumps.reduce((sum, { keys }) => sum + keys, 0);
}

export function keysIn(nodes: readonly NodeView[]): number {
  return nodes.reduce((sum, { server }) => sum + (server.keys ?? 0), 0);
}

function isPrimary({ self }: NodeView): boolean {
  return self.role === 'primary';
}
