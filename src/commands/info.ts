/** `info`: what there is and how much of it. Changes nothing. */
import { Command } from 'commander';
import { EntryNodeError, inspect } from '../live/look/inspect.ts';
import { failureDocument, infoDocument } from '../report/json/check.ts';
import { renderInfo } from '../report/text/info.ts';
import type { ClusterSnapshot } from '../topology/snapshot.ts';
import { tellOfUnreached } from './classic/check.ts';
import { type Context, EXIT, type ExitCode, type FleetOptions, withFleet } from './context.ts';
import { addConnectionOptions, type ConnectionFlags, resolveConnection } from './options/connection.ts';

export interface InfoOptions extends FleetOptions {
  readonly json: boolean;
}

interface InfoFlags extends ConnectionFlags {
  readonly json?: boolean;
}

export function infoCommand(context: Context, run = runInfo): Command {
  const command = new Command('info')
    .usage('[options] <address>')
    .description('show the nodes with their slots, keys, memory, clients, load and replicas')
    .argument('[address...]', 'any node: host:port, host port, or a URI')
    .option('--json', 'print one JSON document');
  return addConnectionOptions(command).action(async (words: string[], flags: InfoFlags) => {
    const connection = await resolveConnection(words, flags, context.terminal);
    context.finish(await run({ ...connection, json: flags.json === true }, context));
  });
}

export async function runInfo(options: InfoOptions, context: Context): Promise<ExitCode> {
  const { terminal } = context;
  const spinner = terminal.spin('asking the nodes');
  try {
    const snapshot = await withFleet(context, options, fleet => inspect(fleet));
    spinner.stop();
    if (context.conventions === 'classic' && !options.json) tellOfUnreached(snapshot, terminal);
    terminal.print(await render(snapshot, options, context));
    return snapshot.unreachable.length > 0 ? EXIT.problems : EXIT.done;
  } catch (error) {
    if (options.json && error instanceof EntryNodeError) {
      terminal.print(failureDocument('info', error.node, error.message));
    }
    throw error;
  } finally {
    spinner.stop();
  }
}

async function render(
  snapshot: ClusterSnapshot,
  { json }: InfoOptions,
  { terminal }: Context,
): Promise<string> {
  if (json) return infoDocument(snapshot);
  if (!terminal.interactive) return renderInfo(snapshot, terminal.paint);
  // Loaded only here, for the sake of everybody who does not look at a table.
  const { renderInfoTable } = await import('../report/text/info-table.ts');
  return renderInfoTable(snapshot, terminal.paint);
}
