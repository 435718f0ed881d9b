/** `backup`: the data of all shards, as files that servers and `restore` can load. Changes nothing in the cluster. */
import { Command, InvalidArgumentError } from 'commander';
import { backUp } from '../live/backup/back-up.ts';
import { beginAnew, describeBackup, openFolder, removeOthers } from '../live/backup/backup-folder.ts';
import { inspect } from '../live/inspect.ts';
import { type BackupEvent, backupSources, slotsMovedMeanwhile } from '../plan/backup.ts';
import { manifestDocument, type SavedDump } from '../plan/backup-manifest.ts';
import { nodesJson } from '../plan/nodes-json.ts';
import {
  BackupProgress,
  backupEventObject,
  failedText,
  missingText,
  savedLine,
  savingLine,
  uncountedText,
} from '../report/backup.ts';
import { count, NodeNames } from '../report/names.ts';
import type { Paint } from '../report/paint.ts';
import type { Fleet } from '../resp/fleet.ts';
import { diagnose, NO_WISHES } from '../topology/diagnose.ts';
import { SlotSet } from '../topology/slot-set.ts';
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
  const { folder } = options;
  const problems = diagnose(before, NO_WISHES).filter(({ severity }) => severity === 'error').length;
  const { sources, missing } = backupSources(before, options.fromReplicas);
  const names = new NodeNames(before);
  for (const shard of missing) teller.problem(missingText(shard, names));
  if (options.replace) await beginAnew(folder);
  const limitMs = Math.max(SILENCE_LIMIT_MS, options.fleet.replyTimeoutMs);
  const events = backUp(fleet, sources, { ...options, silenceLimitMs: limitMs });
  const saved = await follow(events, teller, context);
  // Where it has failed already, the node that would be asked may be the one that is gone.
  const moved = teller.failed ? SlotSet.empty : slotsMovedMeanwhile(before, await inspect(fleet));
  if (moved.size > 0)
    teller.problem(
      `[ERR] Slots have moved meanwhile (${moved}): keys of theirs may be missing, or be there twice.`,
    );
  if (teller.failed)
    return teller.end(
      EXIT.problems,
      `[ERR] Failed to back cluster! What is whole is in ${folder}; nodes.json and manifest.json are not.`,
    );
  const time = new Date(context.nowMs()).toISOString();
  teller.say(`Saving cluster configuration to: ${folder}/nodes.json\n`);
  if (options.replace) {
    // The classic tools leave the files of other nodes where they are: they may be of another cluster.
    const own = new Set(saved.map(({ file }) => file));
    await removeOthers(folder, context.conventions === 'classic' ? 'all' : own);
  }
  await describeBackup(folder, nodesJson(before, problems), manifestDocument(saved, time));
  if (problems > 0) teller.note(PROBLEMS);
  return teller.end(EXIT.done, `[OK] Backup created into: ${folder}`);
}

async function follow(
  events: AsyncIterable<BackupEvent>,
  teller: LineTeller,
  { terminal, nowMs }: Context,
): Promise<SavedDump[]> {
  const progress = new BackupProgress(nowMs());
  const saved: SavedDump[] = [];
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
  // In the order of their files and not of their ends.
  return saved.sort((a, b) => (a.file < b.file ? -1 : 1));
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
