/** `call`: one command, sent to every node. What it does is the business of whoever writes it. */

import { Command } from 'commander';
import { aboutCommand, CALL_LIMITS, callNodes, type NodeAnswer } from '../live/call-nodes.ts';
import { EntryNodeError, inspect } from '../live/look/inspect.ts';
import { callDocumentEntry, callDocumentHead, callDocumentTail } from '../report/json/call.ts';
import { failureDocument } from '../report/json/check.ts';
import {
  answerBytes,
  answerText,
  callHeading,
  failedCallLine,
  isError,
  NO_ADDRESS,
  nameOf,
} from '../report/text/call.ts';
import { tagged } from '../report/text/complaint.ts';
import { InterruptedError } from '../resp/errors.ts';
import { type Called, rollCall } from '../topology/node-order.ts';
import { type Context, EXIT, type ExitCode, type FleetOptions, UsageError, withFleet } from './context.ts';
import { alsoCalled } from './options/also-called.ts';
import { addConnectionOptions, type ConnectionFlags, resolveConnection } from './options/connection.ts';

export interface CallOptions extends FleetOptions {
  readonly words: readonly string[];
  /** Absent: everybody. */
  readonly only?: 'primary' | 'replica';
  readonly json: boolean;
}

interface CallFlags extends ConnectionFlags {
  readonly onlyPrimaries?: boolean;
  readonly onlyReplicas?: boolean;
  readonly json?: boolean;
}

/** No word of a command line holds this character, and commander leaves alone what begins with it. */
const GUARD = '\0';

/** Numbers below zero are arguments without further ado; commander knows of those that have digits. */
class CommandForServers extends Command {
  override parseOptions(argv: string[]): ReturnType<Command['parseOptions']> {
    const end = argv.includes('--') ? argv.indexOf('--') : argv.length;
    return super.parseOptions(
      argv.map((word, i) => (i < end && /^-(inf|infinity|nan)$/i.test(word) ? `${GUARD}${word}` : word)),
    );
  }
}

const HELP = `
Words behind the command are its arguments, but for options of slotctl, which
may stand anywhere. What begins with - and is meant for the server, other than
a number, stands behind --.`;

export function callCommand(context: Context, run = runCall): Command {
  const command = new CommandForServers('call')
    .usage('[options] <address> <command> [arguments...]')
    .description('send a command to every node, and show what each answers')
    .argument('[words...]', 'any node (host:port, or a URI), then the command and its arguments')
    .option('--only-primaries', 'send it to primaries only')
    .addOption(alsoCalled('--cluster-only-masters', 'onlyPrimaries'))
    .addOption(alsoCalled('--cluster-only-primaries', 'onlyPrimaries'))
    .option('--only-replicas', 'send it to replicas only')
    .addOption(alsoCalled('--cluster-only-replicas', 'onlyReplicas'))
    .option('--json', 'print one JSON document')
    .addHelpText('after', HELP)
    .showHelpAfterError('(What begins with - and is meant for the server stands behind --.)');
  return addConnectionOptions(command).action(async (all: string[], flags: CallFlags) => {
    const given = all.map(word => (word.startsWith(GUARD) ? word.slice(GUARD.length) : word));
    const hasAddress = flags.socket === undefined && flags.uri === undefined;
    const [address, words] = hasAddress ? [given.slice(0, 1), given.slice(1)] : [[], given];
    if (words.length === 0) throw new UsageError('name a node, and a command to send');
    const { objection, hasSecrets } = aboutCommand(words);
    if (objection !== undefined) throw new UsageError(objection);
    if (hasSecrets) context.terminal.hideCommandLine();
    const connection = await resolveConnection(address, flags, context.terminal);
    const only = restriction(flags);
    context.finish(
      await run({ ...connection, words, json: flags.json === true, ...(only && { only }) }, context),
    );
  });
}

function restriction({ onlyPrimaries: primaries, onlyReplicas: replicas }: CallFlags): CallOptions['only'] {
  if (primaries && replicas) throw new UsageError('only primaries and only replicas is nobody');
  return primaries ? 'primary' : replicas ? 'replica' : undefined;
}

export async function runCall(options: CallOptions, context: Context): Promise<ExitCode> {
  const { terminal } = context;
  const answers = tellingAnswers(options, context);
  const reading = { ...CALL_LIMITS, exactIntegers: true };
  const spinner = terminal.spin('asking the nodes');
  try {
    return await withFleet(
      context,
      { ...options, fleet: { ...options.fleet, reading } },
      async (fleet): Promise<ExitCode> => {
        const everybody = rollCall(await inspect(fleet));
        spinner.stop();
        answers.begin();
        for await (const answer of callNodes(fleet, everybody.filter(isMeant(options)), options.words))
          answers.tell(answer);
        return answers.end(false);
      },
    );
  } catch (error) {
    spinner.stop();
    if (options.json && error instanceof EntryNodeError)
      terminal.print(failureDocument('call', error.node, error.message));
    if (error instanceof InterruptedError) answers.end(true);
    throw error;
  }
}

/** Of whom nobody knows what it is, it is said that it does not answer. */
function isMeant({ only }: CallOptions): (node: Called) => boolean {
  return ({ role }) => only === undefined || role === only || role === 'stranger';
}

/** As they come, one after the other; for programs they are one document. */
function tellingAnswers({ words, json }: CallOptions, { terminal }: Context) {
  let hasBegun = false;
  let told = 0;
  let failed = 0;
  return {
    begin(): void {
      const { shown } = aboutCommand(words);
      hasBegun = true;
      terminal.print(json ? callDocumentHead(shown) : callHeading(shown, terminal.paint));
    },
    tell({ node, outcome }: NodeAnswer): void {
      if (outcome.kind === 'none' || isError(outcome.reply)) failed++;
      if (json) terminal.print(callDocumentEntry(node, outcome, told === 0));
      else if (outcome.kind === 'none') {
        terminal.print(failedCallLine(node));
        terminal.warn(tagged('error', `Node ${nameOf(node)}: ${outcome.reason ?? NO_ADDRESS}.`), 'error');
      } else if (terminal.interactive) terminal.print(answerText(node, outcome.reply));
      else terminal.printBytes(answerBytes(node, outcome.reply));
      told++;
    },
    end(interrupted: boolean): ExitCode {
      if (hasBegun && json) terminal.print(callDocumentTail(failed, interrupted));
      if (hasBegun && interrupted && !json)
        terminal.warn(
          'Nodes of which there is no line may have been sent the command, and may have done it.',
        );
      return failed > 0 ? EXIT.problems : EXIT.done;
    },
  };
}
