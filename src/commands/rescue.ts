/** `rescue`: what gave way to another value of the same key, to be looked at and to be put back. */
import { Command, Option } from 'commander';
import { readRescueFile, restoreValues, type SavedRecord } from '../live/keys/read-rescue-file.ts';
import { count } from '../report/text/names.ts';
import { renderRescued } from '../report/text/rescue.ts';
import { type Context, EXIT, type ExitCode, type FleetOptions, UsageError, withFleet } from './context.ts';
import {
  addConnectionOptions,
  asUsage,
  type ConnectionFlags,
  resolveConnection,
} from './options/connection.ts';
import { lookAtCluster } from './options/membership.ts';
import { askLeave } from './telling/ask-to-go-on.ts';

export interface RescueOptions {
  readonly file: string;
  readonly json: boolean;
  /** Absent: they are only listed. */
  readonly restore?: FleetOptions & { readonly replace: boolean; readonly yes: boolean };
}

interface RescueFlags extends ConnectionFlags {
  readonly json?: boolean;
  readonly replace?: boolean;
  readonly yes?: boolean;
}

export function rescueCommand(context: Context, run = runRescue): Command {
  const command = new Command('rescue')
    .usage('[options] <file> list | <file> restore <address>')
    .description('list or restore values that were overwritten')
    .argument('<file>', 'the rescue file that fix has written')
    .addOption(new Option('--json', 'print one JSON object per line'))
    .option('-y, --yes', 'do not ask')
    .option('--replace', 'restore also where the key exists; its value of today is lost')
    .argument('[words...]', 'list, or restore and any node of the cluster');
  return addConnectionOptions(command).action(async (file: string, words: string[], flags: RescueFlags) => {
    const [verb = 'list', ...address] = words;
    if (verb !== 'list' && verb !== 'restore')
      throw new UsageError(`rescue can list and restore, not '${verb}'`);
    if (verb === 'list' && address.length > 0) throw new UsageError('too many words; list takes no address');
    const common = { file, json: flags.json === true };
    if (verb === 'list') return context.finish(await run(common, context));
    const connection = await resolveConnection(address, flags, context.terminal);
    const restore = { ...connection, replace: flags.replace === true, yes: flags.yes === true };
    context.finish(await run({ ...common, restore }, context));
  });
}

export async function runRescue(options: RescueOptions, context: Context): Promise<ExitCode> {
  const records = await asUsage(() => readRescueFile(options.file));
  if (!options.restore) {
    list(records, options, context);
    return EXIT.done;
  }
  if (!options.restore.yes) {
    list(records, options, context);
    const ending = await askLeave('Can I restore these values?', context);
    if (ending !== undefined) return ending;
  }
  return putBack(records, options.restore, options.json, context);
}

function list(records: readonly SavedRecord[], { json }: RescueOptions, { terminal }: Context): void {
  const values = records.map(({ key, payload, ...rest }) => ({
    key: shown(key),
    bytes: payload.length,
    ...rest,
  }));
  if (!json) terminal.print(renderRescued(values, terminal.paint));
  else
    for (const value of values)
      terminal.print(`${JSON.stringify({ version: 1, event: 'value', ...value })}\n`);
}

async function putBack(
  records: readonly SavedRecord[],
  restore: NonNullable<RescueOptions['restore']>,
  json: boolean,
  context: Context,
): Promise<ExitCode> {
  const { terminal } = context;
  let restored = 0;
  await withFleet(context, restore, async fleet => {
    const snapshot = await lookAtCluster(fleet);
    for await (const { record, outcome } of restoreValues(fleet, snapshot, records, restore.replace)) {
      if (outcome === 'restored') restored++;
      if (json)
        terminal.print(
          `${JSON.stringify({ version: 1, event: 'restore', key: shown(record.key), outcome })}\n`,
        );
      else if (outcome === 'exists')
        terminal.warn(`[WARNING] ${shown(record.key)} exists, and is left as it is (--replace).`);
      else if (outcome !== 'restored') terminal.warn(`[ERR] ${shown(record.key)}: ${outcome.failure}.`);
    }
  });
  const isDone = restored === records.length;
  const code = isDone ? EXIT.done : EXIT.problems;
  const text = `${restored} of ${count(records.length, 'value')} restored.`;
  if (json)
    terminal.print(`${JSON.stringify({ version: 1, event: 'end', command: 'rescue', code, text })}\n`);
  else if (isDone) terminal.print(`${terminal.paint.good(`[OK] ${text}`)}\n`);
  else terminal.warn(text);
  return code;
}

/** In quotation marks, with everything escaped that is not a plain character. */
function shown(key: Buffer): string {
  return JSON.stringify(key.toString('latin1')).replace(
    /[^\x20-\x7e]/g,
    c => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
