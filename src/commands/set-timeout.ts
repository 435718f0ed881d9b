/** `set-timeout`: another cluster-node-timeout, at every node. */
import { Command } from 'commander';
import { EntryNodeError, inspect } from '../live/look/inspect.ts';
import { setTimeouts } from '../live/set-timeout.ts';
import type { TimeoutAt } from '../plan/timeout-at.ts';
import { failureDocument } from '../report/json/check.ts';
import { timeoutDocument } from '../report/json/set-timeout.ts';
import { timeoutHeading, timeoutLine, timeoutPreview, timeoutTail } from '../report/text/set-timeout.ts';
import { InterruptedError } from '../resp/errors.ts';
import { rollCall } from '../topology/node-order.ts';
import { type Context, EXIT, type ExitCode, type FleetOptions, UsageError, withFleet } from './context.ts';
import { addConnectionOptions, type ConnectionFlags, resolveConnection } from './options/connection.ts';

const LEAST_MS = 100;
const MOST_MS = 24 * 60 * 60 * 1000;

export interface SetTimeoutOptions extends FleetOptions {
  readonly timeoutMs: number;
  readonly dryRun: boolean;
  readonly json: boolean;
}

interface SetTimeoutFlags extends ConnectionFlags {
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

const HELP = `
Every node gets it at the same time: CONFIG SET, CONFIG REWRITE, and CONFIG
GET to see. Nobody is asked. A node that cannot save it (it has no
configuration file) has it until it is restarted; that is an error.`;

export function setTimeoutCommand(context: Context, run = runSetTimeout): Command {
  const command = new Command('set-timeout')
    .usage('[options] <address> <milliseconds>')
    .description('set cluster-node-timeout at every node, and save it there')
    .argument('[words...]', 'any node (host:port, host port, or a URI), then the milliseconds')
    .option('--dry-run', 'show what every node has, and set nothing')
    .option('--json', 'print one JSON document')
    .addHelpText('after', HELP);
  return addConnectionOptions(command).action(async (words: string[], flags: SetTimeoutFlags) => {
    const timeoutMs = milliseconds(words.at(-1));
    const connection = await resolveConnection(words.slice(0, -1), flags, context.terminal);
    const { dryRun = false, json = false } = flags;
    context.finish(await run({ ...connection, timeoutMs, dryRun, json }, context));
  });
}

function milliseconds(word: string | undefined): number {
  if (word === undefined || !/^\+?\d{1,12}$/.test(word))
    throw new UsageError('name a node, and the timeout as a whole number of milliseconds');
  const value = Number(word);
  if (value < LEAST_MS)
    throw new UsageError('Setting a node timeout of less than 100 milliseconds is a bad idea.');
  if (value > MOST_MS) throw new UsageError('a node timeout of more than a day is none');
  return value;
}

export async function runSetTimeout(options: SetTimeoutOptions, context: Context): Promise<ExitCode> {
  const { terminal } = context;
  const { json, dryRun, timeoutMs } = options;
  const tellsLines = !json && !dryRun;
  const all: TimeoutAt[] = [];
  const tellWhatIsKnown = () => {
    if (json) terminal.print(timeoutDocument(all, timeoutMs, dryRun));
    else if (!dryRun) terminal.warn('Nodes of which there is no line may have the new timeout.');
  };
  try {
    await withFleet(context, options, async fleet => {
      const nodes = rollCall(await inspect(fleet));
      if (tellsLines) terminal.print(timeoutHeading(terminal.paint));
      for await (const one of setTimeouts(fleet, nodes, options)) {
        all.push(one);
        if (tellsLines) terminal.print(timeoutLine(one, terminal.paint));
      }
    });
  } catch (error) {
    if (error instanceof InterruptedError) tellWhatIsKnown();
    if (json && error instanceof EntryNodeError)
      terminal.print(failureDocument('set-timeout', error.node, error.message));
    throw error;
  }
  if (json) terminal.print(timeoutDocument(all, timeoutMs, dryRun));
  else if (dryRun) terminal.print(timeoutPreview(all, timeoutMs, terminal.paint));
  else terminal.print(timeoutTail(all, terminal.paint));
  return all.some(({ problem }) => problem !== undefined) ? EXIT.problems : EXIT.done;
}
