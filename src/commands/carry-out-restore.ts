/** A restore that was agreed to: functions, then keys, and then whether all of them have come through, and are there. */
import type { Persisting } from '../live/keys/retry-refusals.ts';
import { Routes } from '../live/keys/routes.ts';
import { inspectAgain } from '../live/look/inspect-again.ts';
import { DamagedBackupError } from '../live/restore/check-dump.ts';
import { type CountedBack, countBack } from '../live/restore/count-back.ts';
import { type Library, loadLibraries } from '../live/restore/load-libraries.ts';
import { type CheckedBackup, type RestoreSettings, restoreBackup } from '../live/restore/restore-backup.ts';
import { SentLog } from '../live/restore/sent-log.ts';
import { serverClock } from '../live/restore/server-clock.ts';
import { RestoreError, watchTargets } from '../live/restore/watch-targets.ts';
import {
  dealtWith,
  lastTally,
  noTally,
  type RestoreEvent,
  type RestoreTally,
  restoreDoubts,
} from '../plan/transfer/restore.ts';
import { restoreEventObject } from '../report/json/transfer-events.ts';
import { NodeNames } from '../report/text/names.ts';
import { damageText, readingText, restoreProblem } from '../report/text/restore.ts';
import {
  describeRestoreProblem,
  doubtText,
  evictedText,
  missingKeysText,
  restoredText,
  uncountedKeysText,
} from '../report/text/restored.ts';
import type { Fleet } from '../resp/fleet.ts';
import type { NodeId } from '../topology/node.ts';
import { doubtsBetween } from '../topology/server-changes.ts';
import { type ClusterSnapshot, isPrimary, type NodeView } from '../topology/snapshot.ts';
import { type Context, EXIT, type ExitCode } from './context.ts';
import { explainFailure, type Failure, grave } from './telling/failures.ts';
import type { Teller } from './telling/teller.ts';

export interface RestoreWork {
  readonly backup: CheckedBackup;
  readonly libraries: readonly Library[];
  readonly primaries: readonly NodeView[];
}

/** Files that are read at the same time. */
const PARALLEL = 4;
/** More lines than that say no more. */
const MOST_NAMED = 20;
/** A cluster in which nodes come back empty time and again is not one to go on with. */
const MOST_ROUNDS = 3;

/** Never --replace, which would also write over what was there before the first run. */
const GO_ON =
  'Run the same command again to go on: keys that are already there with the same value are recognised.';

interface Restoring {
  readonly fleet: Fleet;
  readonly work: RestoreWork;
  readonly settings: RestoreSettings;
  readonly tally: RestoreTally;
  readonly teller: Teller;
  readonly context: Context;
  readonly evicted: Map<NodeId, number>;
  readonly told: Told;
}

/** Of each kind, in all rounds: how often there was something to tell, and what was told. */
type Told = Map<RestoreEvent['kind'], { times: number; readonly texts: Set<string> }>;

export async function carryOutRestore(
  fleet: Fleet,
  snapshot: ClusterSnapshot,
  work: RestoreWork,
  options: {
    readonly folder: string;
    readonly replace: boolean;
    readonly despiteFindings: boolean;
    readonly waiting: Persisting;
  },
  teller: Teller,
  context: Context,
): Promise<ExitCode> {
  const tally = noTally();
  const keys = keysOf(work.backup);
  const names = new NodeNames(snapshot);
  const places = work.primaries.map(({ address }) => address);
  const guard = await watchTargets(fleet, work.primaries, options.despiteFindings);
  const settings: RestoreSettings = {
    ...options,
    routes: new Routes(fleet, snapshot),
    log: new SentLog(),
    parallel: PARALLEL,
    nowMs: await serverClock(fleet, places, context.nowMs),
    mayGoOn: () => guard.mayGoOn(),
  };
  const evicted = new Map<NodeId, number>();
  const told: Told = new Map();
  const restoring = { fleet, work, settings, tally, teller, context, evicted, told };
  const outcome = () => restoredText(lastTally(tally, settings.log.refused), keys);
  try {
    await sendAll(restoring);
    const counted = await makeSure(snapshot, restoring);
    report(counted, restoring, names);
  } catch (error) {
    const { code, text = '', severity } = failureOf(error, names);
    if (code !== EXIT.interrupted) await tellEvictions(restoring, names);
    return teller.end(code, `${text}\n${outcome()} ${GO_ON}`, severity);
  } finally {
    guard.end();
  }
  if (dealtWith(tally) !== keys)
    teller.problem(`${dealtWith(tally)} keys were dealt with, and ${keys} were counted before.`);
  const text = outcome();
  return teller.failed ? teller.end(EXIT.problems, text) : teller.end(EXIT.done, text);
}

async function sendAll(restoring: Restoring): Promise<void> {
  const { fleet, work, settings, tally } = restoring;
  const places = work.primaries.map(({ address }) => address);
  await follow(loadLibraries(fleet, places, work.libraries, settings), restoring);
  await follow(restoreBackup(fleet, work.backup.dumps, settings, tally), restoring);
}

/** What was sent to a node that may have lost it is sent once more; then all is counted. */
async function makeSure(before: ClusterSnapshot, restoring: Restoring): Promise<CountedBack> {
  const { fleet, work, settings, teller, evicted } = restoring;
  const { routes, log, folder } = settings;
  let last = before;
  for (let round = 1; ; round++) {
    const now = (await inspectAgain(fleet, routes.snapshot)) ?? last;
    for (const doubt of doubtsBetween({ ...last, views: [...routes.first.values()] }, now))
      if (doubt.kind === 'evicted') evicted.set(doubt.node, (evicted.get(doubt.node) ?? 0) + doubt.keys);
    last = now;
    const doubts = restoreDoubts(log.sent, routes.first, now);
    if (doubts.nodes.length === 0 || round > MOST_ROUNDS) {
      if (doubts.nodes.length > 0) teller.problem(doubtText(doubts, new NodeNames(before), 'given up'));
      return countBack(fleet, now, { folder, backup: work.backup, routes, log });
    }
    teller.warn(doubtText(doubts, new NodeNames(before), 'sent again'));
    log.forget(doubts.slots);
    routes.beginAnew(now);
    await sendAgain(restoring, now, doubts.slots);
  }
}

async function sendAgain(
  restoring: Restoring,
  now: ClusterSnapshot,
  again: RestoreSettings['again'] & object,
): Promise<void> {
  const { fleet, work, settings, told, teller } = restoring;
  const primaries = now.views.filter(({ self }) => isPrimary(self)).map(({ address }) => address);
  const events = [
    loadLibraries(fleet, primaries, work.libraries, settings),
    // How many are refused by now is in the log.
    restoreBackup(fleet, work.backup.dumps, { ...settings, again }, noTally()),
  ];
  // How far it is has been told the first time.
  for (const some of events)
    for await (const event of some) if (restoreProblem(event) !== undefined) tell(event, told, teller);
}

function report(
  { missing, examples, uncounted }: CountedBack,
  { settings: { log }, teller, evicted }: Restoring,
  names: NodeNames,
): void {
  for (const [node, lost] of evicted) teller.problem(evictedText(names.of(node), lost));
  // Those that were not taken have been told of, and are not among them as far as their names are known.
  if (missing > 0) teller.problem(missingKeysText(missing, examples, log.knowsRefused ? 0 : log.refused));
  for (const reason of uncounted) teller.warn(uncountedKeysText(reason));
}

/** However it ended. */
async function tellEvictions({ fleet, settings, teller }: Restoring, names: NodeNames): Promise<void> {
  const { first, snapshot } = settings.routes;
  const now = await inspectAgain(fleet, snapshot).catch(() => undefined);
  for (const doubt of now ? doubtsBetween({ ...now, views: [...first.values()] }, now) : [])
    if (doubt.kind === 'evicted') teller.problem(evictedText(names.of(doubt.node), doubt.keys));
}

function failureOf(error: unknown, names: NodeNames): Failure {
  const failed = (text: string): Failure => ({ code: EXIT.problems, ...grave(text) });
  if (error instanceof RestoreError) return failed(describeRestoreProblem(error.problem, names));
  if (error instanceof DamagedBackupError) return failed(`${damageText(error.file, error.damage)}.`);
  return explainFailure(error);
}

async function follow(
  events: AsyncIterable<RestoreEvent>,
  { teller, told, context: { terminal, nowMs } }: Restoring,
): Promise<void> {
  const beganAtMs = nowMs();
  const spinner = terminal.spin('restoring');
  try {
    for await (const event of events) {
      if (event.kind === 'read') spinner.say(readingText(event, (nowMs() - beganAtMs) / 1000));
      tell(event, told, teller);
    }
  } finally {
    spinner.stop();
  }
}

function tell(event: RestoreEvent, told: Told, teller: Teller): void {
  const object = restoreEventObject(event);
  const problem = restoreProblem(event);
  if (!problem) {
    teller.say('', object);
    return;
  }
  const already = told.get(event.kind) ?? { times: 0, texts: new Set() };
  told.set(event.kind, already);
  const { severity, text } = problem;
  if (already.texts.has(text)) return;
  already.times++;
  if (already.times <= MOST_NAMED) {
    already.texts.add(text);
    teller.problem(text, object, severity);
    return;
  }
  teller.fail(object);
  if (already.times === MOST_NAMED + 1) teller.note('… and more of these, which are counted.');
}

export function keysOf({ dumps }: CheckedBackup): number {
  return dumps.reduce((sum, { keys }) => sum + keys, 0);
}

export function keysIn(nodes: readonly NodeView[]): number {
  return nodes.reduce((sum, { server }) => sum + (server.keys ?? 0), 0);
}
