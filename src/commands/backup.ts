/** `backup`: the data of all shards, as files that servers and `restore` can load. Changes nothing in the cluster. */

import { Command, InvalidArgumentError } from 'commander';
import { openFolder } from '../live/backup/backup-folder.ts';
import { lookAtCluster } from '../live/look/look-at-cluster.ts';
import { count } from '../report/text/names.ts';
import { type BackupOptions, carryOutBackup } from './carry-out-backup.ts';
import { showingCheckOnce } from './classic/check.ts';
import { type Context, EXIT, type ExitCode, UsageError, withFleet } from './context.ts';
import { addConnectionOptions, type ConnectionFlags, resolveConnection } from './options/connection.ts';
import { wholeNumber } from './options/numbers.ts';
import { Teller } from './telling/teller.ts';

interface BackupFlags extends ConnectionFlags {
  readonly fromReplicas?: boolean;
  readonly parallel: number;
  readonly diskless: boolean;
  readonly replace?: boolean;
  readonly acceptShrunk?: boolean;
  readonly beginTimeout: number;
  readonly leastRate: number;
  readonly maxSize?: number;
  readonly json?: boolean;
}

const PARALLEL = 4;
/** A server that saves to its disk first needs as long as that takes. */
const BEGIN_TIMEOUT_S = 3600;
/** Bytes per second: far below what any server does that works. */
const LEAST_RATE = 1024;

export function backupCommand(context: Context, run = runBackup): Command {
  const command = new Command('backup')
    .usage('[options] <address> <folder>')
    .description('save the data of all shards to a folder, for restore or for a server to load')
    .argument('<words...>', 'any node (host:port, host port, or a URI), and the folder')
    .option('--from-replicas', 'of each shard take the replica that is furthest, and spare the primary')
    .option('--parallel <n>', 'how many nodes give their data at the same time', atLeastOne, PARALLEL)
    .option('--no-diskless', 'nodes save to their own disks first, and do not wait for other replicas')
    .option('--replace', 'replace a backup that is already in the folder')
    .option('--accept-shrunk', 'save even if a shard has lost most or all of its keys')
    .option('--begin-timeout <s>', 'how long a node may take to start sending', atLeastOne, BEGIN_TIMEOUT_S)
    .option(
      '--least-rate <bytes>',
      'give up a node that sends fewer bytes per second than this over a minute; 0: never',
      wholeNumber,
      LEAST_RATE,
    )
    .option(
      '--max-size <bytes>',
      'limit for all files together; by default what is free in the folder',
      atLeastOne,
    )
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
      acceptShrunk: flags.acceptShrunk === true,
      beginLimitMs: flags.beginTimeout * 1000,
      leastRate: flags.leastRate,
      ...(flags.maxSize !== undefined && { mostBytes: flags.maxSize }),
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
  const teller = new Teller({ command: 'backup', json: options.json, tagsEverywhere: true }, context);
  return teller.toItsEnd(() =>
    withFleet(context, options, async fleet => {
      // Before the folder, which would be left behind empty where the cluster cannot be asked.
      const before = await lookAtCluster(fleet);
      showingCheckOnce(options, context)(before);
      const there = await openFolder(options.folder);
      if (there.length === 0 || options.replace)
        return carryOutBackup(fleet, before, options, teller, context);
      return teller.end(
        EXIT.refused,
        `${options.folder} holds a backup already (${count(there.length, 'file')}); nothing was changed. Take another folder, or --replace.`,
      );
    }),
  );
}
