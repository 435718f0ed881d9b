/** `rescue`: what gave way to another value of the same key, to be looked at and to be put back. */

import { Command, Option } from 'commander';
import { readRescueFile, restoreValues, type SavedRecord } from '../live/keys/read-rescue-file.ts';
import { lookAtCluster } from '../live/look/look-at-cluster.ts';
import { count } from '../report/text/names.ts';
import { describePutBackFailure, renderRescued } from '../report/text/rescue.ts';
import {
  asUsage,
  type Context,
  EXIT,
  type ExitCode,
  type FleetOptions,
  UsageError,
  withFleet,
} from './context.ts';
import { addConnectionOptions, type ConnectionFlags, resolveConnection } from './options/connection.ts';
import { afterAnswer } from './telling/after-answer.ts';
import { Teller } from './telling/teller.ts';

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
  const teller = new Teller({ command: 'rescue', json: options.json }, context);
  if (!options.restore) {
    list(records, teller, context);
    return EXIT.done;
  }
  if (!options.restore.yes) {
    list(records, teller, context);
    const ending = afterAnswer(await context.terminal.confirm('Can I restore these values?'));
    if (ending) return teller.end(ending.code, ending.text);
  }
  return putBack(records, options.restore, teller, context);
}

function list(records: readonly SavedRecord[], teller: Teller, { terminal }: Context): void {
  const values = records.map(({ key, payload, ...rest }) => ({
    key: shown(key),
    bytes: payload.length,
    ...rest,
  }));
  teller.say(renderRescued(values, terminal.paint));
  for (const value of values) teller.say('', { event: 'value', ...value });
}

async function putBack(
  records: readonly SavedRecord[],
  restore: NonNullable<RescueOptions['restore']>,
  teller: Teller,
  context: Context,
): Promise<ExitCode> {
  let restored = 0;
  await withFleet(context, restore, async fleet => {
    const { snapshot } = await lookAtCluster(fleet);
    for await (const { record, outcome: ended } of restoreValues(fleet, snapshot, records, restore.replace)) {
      const outcome = typeof ended === 'string' ? ended : { failure: describePutBackFailure(ended.failure) };
      if (outcome === 'restored') restored++;
      const key = shown(record.key);
      if (teller.json) teller.say('', { event: 'restore', key, outcome });
      else if (outcome === 'exists')
        teller.complain('warning', `${key} exists, and is left as it is (--replace).`);
      else if (outcome !== 'restored') teller.complain('error', `${key}: ${outcome.failure}.`);
    }
  });
  const code = restored === records.length ? EXIT.done : EXIT.problems;
  return teller.end(code, `${restored} of ${count(records.length, 'value')} restored.`);
}

/** In quotation marks, with everything escaped that is not a plain character. */
function shown(key: Buffer): string {
  return JSON.stringify(key.toString('latin1')).replace(
    /[^\x20-\x7e]/g,
    c => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
