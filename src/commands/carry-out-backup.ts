/** A backup as it is made: the data of all shards, and whether anything happened meanwhile that they do not show. */
import { backUp } from '../live/backup/back-up.ts';
import { describeBackup, earlierDumps, removeDrafts, takePlace } from '../live/backup/backup-folder.ts';
import { DiskRoom } from '../live/backup/disk-room.ts';
import { MapWatch } from '../live/backup/watch-map.ts';
import { countArrivals } from '../live/look/census.ts';
import { inspect } from '../live/look/inspect.ts';
import { inspectAgain } from '../live/look/inspect-again.ts';
import { manifestDocument, type SavedDump } from '../plan/files/backup-manifest.ts';
import { nodesJson } from '../plan/files/nodes-json.ts';
import { type BackupEvent, type BackupSource, backupSources } from '../plan/transfer/backup.ts';
import { type Look, slotsOnTheWay, strayedSources } from '../plan/transfer/backup-meanwhile.ts';
import { shrunkSinceBackup, shrunkSinceLook } from '../plan/transfer/backup-shrunk.ts';
import { backupEventObject } from '../report/json/transfer-events.ts';
import type { Paint } from '../report/paint.ts';
import {
  BackupProgress,
  failedText,
  grownText,
  missingText,
  movedText,
  onTheWayText,
  openedText,
  restartedText,
  savedLine,
  savingLine,
  shrunkText,
  strayedText,
  uncountedText,
} from '../report/text/backup.ts';
import { tagged } from '../report/text/complaint.ts';
import { NodeNames } from '../report/text/names.ts';
import type { Fleet } from '../resp/fleet.ts';
import type { Examined } from '../topology/diagnose.ts';
import type { ClusterSnapshot } from '../topology/snapshot.ts';
import { type Context, EXIT, type ExitCode, type FleetOptions } from './context.ts';
import type { Teller } from './telling/teller.ts';

export interface BackupOptions extends FleetOptions {
  readonly folder: string;
  readonly fromReplicas: boolean;
  readonly parallel: number;
  readonly diskless: boolean;
  readonly replace: boolean;
  /** Even where a shard has lost most of its keys. */
  readonly acceptShrunk: boolean;
  readonly beginLimitMs: number;
  readonly leastRate: number;
  readonly mostBytes?: number;
  readonly json: boolean;
}

/** A server that forks may be silent for long; while it waits for anything it sends a newline each second. */
const SILENCE_LIMIT_MS = 60_000;
/** Over so long it is judged how fast a node gives its data. */
const RATE_OVER_MS = 60_000;

const PROBLEMS =
  "*** Cluster seems to have some problems, please be aware of it if you're going to restore this backup.";

export async function carryOutBackup(
  fleet: Fleet,
  { snapshot: before, findings }: Examined,
  options: BackupOptions,
  teller: Teller,
  context: Context,
): Promise<ExitCode> {
  const { folder, replace } = options;
  const problems = findings.filter(({ severity }) => severity === 'error').length;
  const saved: SavedDump[] = [];
  try {
    await saveAll(fleet, before, saved, options, teller, context);
    if (teller.failed)
      return teller.end(
        EXIT.problems,
        tagged(
          'error',
          replace
            ? `Failed to back cluster! What was in ${folder} before is unchanged.`
            : `Failed to back cluster! Complete files are in ${folder}; nodes.json and manifest.json are not.`,
        ),
        'error',
      );
    // In the order of their files and not of their ends.
    saved.sort((a, b) => (a.file < b.file ? -1 : 1));
    const files = saved.map(({ file }) => file);
    if (replace) await takePlace(folder, files);
  } finally {
    if (replace)
      await removeDrafts(
        folder,
        saved.map(({ file }) => file),
      );
  }
  const time = new Date(context.nowMs()).toISOString();
  teller.say(`Saving cluster configuration to: ${folder}/nodes.json\n`);
  await describeBackup(folder, nodesJson(before, problems), manifestDocument(saved, time));
  if (problems > 0)
    teller.say(`${context.terminal.paint.warning(PROBLEMS)}\n`, { event: 'note', text: PROBLEMS });
  return teller.end(EXIT.done, `Backup created into: ${folder}`);
}

async function saveAll(
  fleet: Fleet,
  before: ClusterSnapshot,
  saved: SavedDump[],
  options: BackupOptions,
  teller: Teller,
  context: Context,
): Promise<void> {
  const { folder, replace, fromReplicas, mostBytes } = options;
  const { sources, missing } = backupSources(before, fromReplicas);
  const names = new NodeNames(before);
  for (const shard of missing) teller.problem(missingText(shard, names));
  const cameBefore = await countArrivals(fleet, before);
  const silenceLimitMs = Math.max(SILENCE_LIMIT_MS, options.fleet.replyTimeoutMs);
  const room = await DiskRoom.in(folder, mostBytes);
  const watch = new MapWatch(fleet, before, sources);
  const began = () => void watch.look();
  try {
    const settings = {
      ...options,
      room,
      silenceLimitMs,
      rateOverMs: RATE_OVER_MS,
      waitsForName: replace,
      began,
    };
    await follow(backUp(fleet, sources, settings), saved, teller, context);
  } finally {
    await watch.stop();
  }
  // Where it has failed already, the node that would be asked may be the one that is gone.
  if (teller.failed) {
    for (const restarted of watch.restarted.values()) teller.problem(restartedText(restarted, names));
    return;
  }
  const after = (await inspectAgain(fleet, before)) ?? (await inspect(fleet));
  watch.note(after);
  const seen = {
    before: { snapshot: before, arrived: cameBefore },
    after: { snapshot: after, arrived: await countArrivals(fleet, after) },
  };
  for (const text of doubtsOf(seen, sources, watch, names)) teller.problem(text);
  if (options.acceptShrunk) return;
  const shrunk = [
    ...shrunkSinceLook(before, saved),
    ...(replace ? shrunkSinceBackup(await earlierDumps(folder), saved) : []),
  ];
  for (const one of shrunk) teller.problem(shrunkText(one, folder));
}

/** What happened meanwhile, and may have left keys in no file. */
function doubtsOf(
  { before, after }: { readonly before: Look; readonly after: Look },
  sources: readonly BackupSource[],
  { moved, opened, grown, restarted }: MapWatch,
  names: NodeNames,
): string[] {
  const onTheWay = slotsOnTheWay(before, after).without(moved);
  const passing = opened.without(moved).without(onTheWay);
  return [
    ...(moved.size > 0 ? [movedText(moved)] : [...grown.values()].map(one => grownText(one, names))),
    ...(onTheWay.size > 0 ? [onTheWayText(onTheWay)] : []),
    ...(passing.size > 0 ? [openedText(passing)] : []),
    ...[...restarted.values()].map(one => restartedText(one, names)),
    ...strayedSources(sources, after.snapshot).map(strayedText),
  ];
}

/** What was saved is known also where it ends early. */
async function follow(
  events: AsyncIterable<BackupEvent>,
  saved: SavedDump[],
  teller: Teller,
  { terminal, nowMs }: Context,
): Promise<void> {
  const progress = new BackupProgress(nowMs());
  const spinner = terminal.spin('asking for the data');
  try {
    for await (const event of events) {
      progress.note(event);
      spinner.say(progress.text(nowMs()));
      tell(event, teller, terminal.paint);
      if (event.kind === 'saved') saved.push(event.saved);
    }
  } finally {
    spinner.stop();
  }
}

function tell(event: BackupEvent, teller: Teller, paint: Paint): void {
  const object = backupEventObject(event);
  switch (event.kind) {
    case 'saving':
      teller.say(savingLine(event.source, paint), object);
      break;
    case 'received':
      teller.say('', object);
      break;
    case 'saved':
      teller.say(savedLine(event), object);
      if (!event.saved.keys) teller.warn(uncountedText(event));
      break;
    case 'failed':
      teller.problem(failedText(event), object);
      break;
  }
}
