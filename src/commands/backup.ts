/** `backup`: the data of all shards, as files that servers and `restore` can load. Changes nothing in the cluster. */
import { Command, InvalidArgumentError } from 'commander';
import { backUp } from '../live/backup/back-up.ts';
import { describeBackup, openFolder, removeDrafts, takePlace } from '../live/backup/backup-folder.ts';
import { countArrivals } from '../live/backup/count-arrivals.ts';
import { inspect } from '../live/inspect.ts';
import { type BackupEvent, backupSources } from '../plan/backup.ts';
import { manifestDocument, type SavedDump } from '../plan/backup-manifest.ts';
import { slotsMovedMeanwhile, slotsOnTheWay, strayedSources } from '../plan/backup-meanwhile.ts';
import { nodesJson } from '../plan/nodes-json.ts';
import {
  BackupProgress,
  backupEventObject,
  failedText,
  missingText,
  movedText,
  onTheWayText,
  savedLine,
  savingLine,
  strayedText,
  uncountedText,
} from '../report/backup.ts';
import { count, NodeNames } from '../report/names.ts';
import type { Paint } from '../report/paint.ts';
import type { Fleet } from '../resp/fleet.ts';
import { diagnose, NO_WISHES } from '../topology/diagnose.ts';
import type { ClusterSnapshot } from '../topology/snapshot.ts';
import { showingCheckOnce } from './classic-check.ts';
import {
  addConnectionOptions,
  type ConnectionFlags,
  resolveConnection,
  wholeNumber,
} from './connection-options.ts';
import { type Context, EXIT, type ExitCode, type FleetOptions, UsageError, withFleet } from './context.ts';
import { LineTeller } from './line-teller.ts';
import { lookAtCluster } from './membership-options.ts';

export interface BackupOptions extends FleetOptions {
  readonly folder: string;
  readonly fromReplicas: boolean;
  readonly parallel: number;
  readonly diskless: boolean;
  readonly replace: boolean;
  readonly json: boolean;
}

interface BackupFlags extends ConnectionFlags {
  readonly fromReplicas?: boolean;
  readonly parallel: number;
  readonly diskless: boolean;
  readonly replace?: boolean;
  readonly json?: boolean;
}

const PARALLEL = 4;
/** A server that forks may be silent for long; while it waits for anything it sends a newline each second. */
const SILENCE_LIMIT_MS = 60_000;

const PROBLEMS =
  "*** Cluster seems to have some problems, please be aware of it if you're going to restore this backup.";

export function backupCommand(context: Context, run = runBackup): Command {
  const command = new Command('backup')
    .usage('[options] <address> <folder>')
    .description('save the data of all shards to a folder, for restore or for a server to load')
    .argument('<words...>', 'any node (host:port, host port, or a URI), and the folder')
    .option('--from-replicas', 'of each shard take the replica that is furthest, and spare the primary')
    .option('--parallel <n>', 'how many nodes give their data at the same time', atLeastOne, PARALLEL)
    .option('--no-diskless', 'nodes save to their own disks first, and do not wait for other replicas')
    .option('--replace', 'a backup that is in the folder already gives way to this one')
    .option('--json', 'print one JSON object per line');
  return addConnectionOptions(command).action(async (words: string[], flags: BackupFlags) => {
    const folder = words.at(-1);
    const isAlone = words.length === 1 && flags.socket === undefined && flags.uri === undefined;
    if (folder === undefined || folder === '' || isAlone)
      throw new UsageError('name a node of the cluster, and then the folder for the backup');
    const connection = await resolveConnection(words.slice(0, -1), flags, context.terminal);
    const options = {
      ...connection,
      folder,
      fromReplicas: flags.fromReplicas === true,
      parallel: flags.parallel,
      diskless: flags.diskless,
      replace: flags.replace === true,
      json: flags.json === true,
    };
    context.finish(await run(options, context));
  });
}

function atLeastOne(text: string): number {
  const value = wholeNumber(text);
  if (value < 1) throw new InvalidArgumentError('It must be 1 or more.');
  return value;
}

export async function runBackup(options: BackupOptions, context: Context): Promise<ExitCode> {
  const teller = new LineTeller('backup', options.json, context);
  return teller.toItsEnd(() =>
    withFleet(context, options, async fleet => {
      // Before the folder, which would be left behind empty where the cluster cannot be asked.
      const before = await lookAtCluster(fleet);
      showingCheckOnce(options, context)(before);
      const there = await openFolder(options.folder);
      if (there.length === 0 || options.replace) return makeBackup(fleet, before, options, teller, context);
      return teller.end(
        EXIT.refused,
        `${options.folder} holds a backup already (${count(there.length, 'file')}); nothing was changed. Take another folder, or --replace.`,
      );
    }),
  );
}

async function makeBackup(
  fleet: Fleet,
  before: ClusterSnapshot,
  options: BackupOptions,
  teller: LineTeller,
  context: Context,
): Promise<ExitCode> {
  const { folder, replace } = options;
  const problems = diagnose(before, NO_WISHES).filter(({ severity }) => severity === 'error').length;
  const saved: SavedDump[] = [];
  try {
    await saveAll(fleet, before, saved, options, teller, context);
    if (teller.failed)
      return teller.end(
        EXIT.problems,
        replace
          ? `[ERR] Failed to back cluster! What was in ${folder} before is there as it was.`
          : `[ERR] Failed to back cluster! What is whole is in ${folder}; nodes.json and manifest.json are not.`,
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
  if (problems > 0) teller.note(PROBLEMS);
  return teller.end(EXIT.done, `[OK] Backup created into: ${folder}`);
}

async function saveAll(
  fleet: Fleet,
  before: ClusterSnapshot,
  saved: SavedDump[],
  options: BackupOptions,
  teller: LineTeller,
  context: Context,
): Promise<void> {
  const {
    fromReplicas,
    replace,
    fleet: { replyTimeoutMs },
  } = options;
  const { sources, missing } = backupSources(before, fromReplicas);
  const names = new NodeNames(before);
  for (const shard of missing) teller.problem(missingText(shard, names));
  const cameBefore = await countArrivals(fleet, before);
  const silenceLimitMs = Math.max(SILENCE_LIMIT_MS, replyTimeoutMs);
  const settings = { ...options, silenceLimitMs, waitsForName: replace };
  await follow(backUp(fleet, sources, settings), saved, teller, context);
  // Where it has failed already, the node that would be asked may be the one that is gone.
  if (teller.failed) return;
  const after = await inspect(fleet);
  const moved = slotsMovedMeanwhile(before, after);
  if (moved.size > 0) teller.problem(movedText(moved));
  const onTheWay = slotsOnTheWay(
    { snapshot: before, arrived: cameBefore },
    { snapshot: after, arrived: await countArrivals(fleet, after) },
  ).without(moved);
  if (onTheWay.size > 0) teller.problem(onTheWayText(onTheWay));
  for (const source of strayedSources(sources, after)) teller.problem(strayedText(source));
}

/** What was saved is known also where it ends early. */
async function follow(
  events: AsyncIterable<BackupEvent>,
  saved: SavedDump[],
  teller: LineTeller,
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

function tell(event: BackupEvent, teller: LineTeller, paint: Paint): void {
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
      if (!event.saved.keys) teller.note(uncountedText(event));
      break;
    case 'failed':
      teller.problem(failedText(event), object);
      break;
  }
}
