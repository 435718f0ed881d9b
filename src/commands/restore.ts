/** `restore`: puts the keys of a backup into a cluster, whatever its shape. */

import { Command } from 'commander';
import { countDatabases } from '../live/keys/databases.ts';
import type { Persisting } from '../live/keys/retry-refusals.ts';
import { lookAtCluster } from '../live/look/look-at-cluster.ts';
import { type CheckedDump, DamagedBackupError } from '../live/restore/check-dump.ts';
import { librariesOf } from '../live/restore/load-libraries.ts';
import { lookForRoom } from '../live/restore/look-for-room.ts';
import { readBackup } from '../live/restore/read-backup.ts';
import { type CheckedBackup, checkBackup } from '../live/restore/restore-backup.ts';
import { tryValues } from '../live/restore/try-values.ts';
import type { SavedBackup } from '../plan/files/backup-manifest.ts';
import type { Note } from '../plan/note.ts';
import { restorePlanObject } from '../report/json/transfer-events.ts';
import { tagged } from '../report/text/complaint.ts';
import { bytes } from '../report/text/names.ts';
import { describeNote } from '../report/text/note.ts';
import { damageText, type RestorePreview, renderRestorePreview } from '../report/text/restore.ts';
import { lackOfRoomText } from '../report/text/restored.ts';
import { InterruptedError } from '../resp/errors.ts';
import type { Fleet } from '../resp/fleet.ts';
import { formatAddress } from '../topology/node.ts';
import { SlotSet } from '../topology/slot-set.ts';
import { type ClusterSnapshot, coveredSlots, type NodeView } from '../topology/snapshot.ts';
import { carryOutRestore, keysIn, keysOf, type RestoreWork } from './carry-out-restore.ts';
import { asUsage, type Context, EXIT, type ExitCode, type FleetOptions, withFleet } from './context.ts';
import { alsoCalled } from './options/also-called.ts';
import { addConnectionOptions, type ConnectionFlags, resolveConnection } from './options/connection.ts';
import { afterAnswer } from './telling/after-answer.ts';
import { Teller } from './telling/teller.ts';

export interface RestoreOptions extends FleetOptions {
  readonly folder: string;
  readonly replace: boolean;
  /** Even where nodes have no room. */
  readonly despiteFindings: boolean;
  readonly yes: boolean;
  readonly json: boolean;
}

interface RestoreFlags extends ConnectionFlags {
  readonly replace?: boolean;
  readonly despiteFindings?: boolean;
  readonly yes?: boolean;
  readonly json?: boolean;
}

export function restoreCommand(context: Context, run = runRestore): Command {
  const command = new Command('restore')
    .usage('[options] <folder> <address>')
    .description('put the keys and functions of a backup into a cluster of any shape')
    .argument('<folder>', 'a backup, of slotctl or of the servers’ own tools')
    .argument('[address...]', 'any node: host:port, host port, or a URI')
    .option('--replace', 'overwrite keys and functions that exist; their values of today are lost')
    .addOption(alsoCalled('--cluster-replace', 'replace'))
    .option('--despite-findings', 'restore even if nodes have too little memory')
    .option('-y, --yes', 'do not ask')
    .option('--json', 'print one JSON object per line');
  return addConnectionOptions(command).action(
    async (folder: string, words: string[], flags: RestoreFlags) => {
      const connection = await resolveConnection(words, flags, context.terminal);
      const options = {
        ...connection,
        folder,
        replace: flags.replace === true,
        despiteFindings: flags.despiteFindings === true,
        yes: flags.yes === true,
        json: flags.json === true,
      };
      context.finish(await run(options, context));
    },
  );
}

export async function runRestore(options: RestoreOptions, context: Context): Promise<ExitCode> {
  const backup = await asUsage(() => readBackup(options.folder));
  const teller = new Teller({ command: 'restore', json: options.json, tagsEverywhere: true }, context);
  return teller.toItsEnd(() =>
    withFleet(context, options, async fleet => {
      const { snapshot } = await lookAtCluster(fleet);
      const uncovered = SlotSet.all.without(coveredSlots(snapshot));
      if (uncovered.size > 0)
        return teller.end(
          EXIT.refused,
          `Nobody owns the slots ${uncovered}: their keys could not be restored. Nothing was changed; see check and fix.`,
        );
      try {
        return await restoreInto(fleet, snapshot, backup, options, teller, context);
      } catch (error) {
        if (!(error instanceof DamagedBackupError)) throw error;
        const text = `${damageText(error.file, error.damage)}. Nothing was changed.`;
        return teller.end(EXIT.refused, tagged('error', text), 'error');
      }
    }),
  );
}

async function restoreInto(
  fleet: Fleet,
  snapshot: ClusterSnapshot,
  backup: SavedBackup,
  options: RestoreOptions,
  teller: Teller,
  context: Context,
): Promise<ExitCode> {
  const checked = await check(fleet, backup, options, context);
  const primaries = snapshot.views.filter(({ self }) => self.role === 'primary');
  const refuse = (complaints: readonly string[]) =>
    teller.end(
      EXIT.refused,
      [...complaints.map(text => tagged('error', text)), 'Nothing was changed.'].join('\n'),
      'error',
    );
  const missing = await missingDatabases(fleet, primaries, checked.dumps);
  if (missing.length > 0) return refuse(missing);
  const work = { backup: checked, libraries: librariesOf(checked.dumps), primaries };
  const preview = previewOf(work, backup, options);
  teller.say(renderRestorePreview(preview, context.terminal.paint), restorePlanObject(preview));
  const lacks = options.despiteFindings ? [] : await lookForRoom(fleet, snapshot, checked);
  if (lacks.length > 0) return refuse(lacks.map(lackOfRoomText));
  const ending = options.yes
    ? undefined
    : afterAnswer(await context.terminal.confirm('Can I restore this backup?'));
  if (ending) return teller.end(ending.code, ending.text);
  // Servers look at the values, so nothing of them is sent before somebody has agreed.
  const waiting = waitingOnce(teller, context);
  const unfit = await whatIsNotTaken(fleet, primaries, checked.dumps, waiting);
  if (unfit.length > 0) return refuse(unfit);
  return carryOutRestore(fleet, snapshot, work, { ...options, waiting }, teller, context);
}

/** Every file, from its first byte to its last. */
async function check(
  fleet: Fleet,
  backup: SavedBackup,
  { folder }: RestoreOptions,
  { terminal }: Context,
): Promise<CheckedBackup> {
  const spinner = terminal.spin('reading the backup');
  let read = 0;
  try {
    return await checkBackup(folder, backup, more => {
      // Reading takes as long as the files are large, and nobody is asked for anything meanwhile.
      if (fleet.interruption.aborted) throw new InterruptedError();
      read += more;
      spinner.say(`reading the backup: ${bytes(read)}`);
    });
  } finally {
    spinner.stop();
  }
}

/** Two databases that become one would have keys of the same name. */
async function missingDatabases(
  fleet: Fleet,
  primaries: readonly NodeView[],
  dumps: readonly CheckedDump[],
): Promise<string[]> {
  const last = dumps.reduce((most, { lastDatabase }) => Math.max(most, lastDatabase), 0);
  if (last === 0) return [];
  const complaints: string[] = [];
  for (const { address, self } of primaries) {
    if (self.role !== 'primary' || self.slots.size === 0) continue;
    if ((await countDatabases(address, fleet)) <= last)
      complaints.push(
        `${formatAddress(address)} has no database ${last}, in which the backup has keys (cluster-databases; Valkey since 9.0 has several).`,
      );
  }
  return complaints;
}

/** Asked of every node that gets keys, since not all need be of one version. */
async function whatIsNotTaken(
  fleet: Fleet,
  primaries: readonly NodeView[],
  dumps: readonly CheckedDump[],
  waiting: Persisting,
): Promise<string[]> {
  const complaints: string[] = [];
  for (const { address, self, server } of primaries) {
    if (self.role !== 'primary' || self.slots.size === 0) continue;
    const node = { address, slots: self.slots };
    for (const { type, rdbVersion, text } of await tryValues(fleet, node, dumps, waiting))
      complaints.push(
        `${formatAddress(address)} (${server.product} ${server.version}) does not take values of type ${type} from an RDB file of version ${rdbVersion}: ${text}.`,
      );
  }
  return complaints;
}

/** Several files wait for the same node, each for itself; people are told once. */
function waitingOnce(teller: Teller, { nowMs }: Context): Persisting {
  const told = new Set<string>();
  const tell = (note: Note) => {
    const text = describeNote(note);
    if (!told.has(text)) teller.warn(`${text}.`);
    told.add(text);
  };
  return { nowMs, note: tell };
}

function previewOf(
  { backup, libraries, primaries }: RestoreWork,
  { time }: SavedBackup,
  { folder, replace }: RestoreOptions,
): RestorePreview {
  const { dumps } = backup;
  const [first] = primaries;
  return {
    folder,
    ...(time !== undefined && { time }),
    files: dumps.length,
    bytes: dumps.reduce((sum, dump) => sum + dump.bytes, 0),
    keys: keysOf(backup),
    libraries: libraries.length,
    libraryNames: libraries.map(({ name }) => name),
    cluster: first ? formatAddress(first.address) : '',
    primaries: primaries.length,
    keysThere: keysIn(primaries),
    replace,
  };
}
