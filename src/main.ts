/** The composition root: which commands there are, and what their ends mean to the shell. */
import { Command } from 'commander';
import packageJson from '../package.json' with { type: 'json' };
import { type Context, EXIT, type ExitCode } from './commands/context.ts';
import { explainFailure, fitForTerminal, withoutSecrets } from './commands/failures.ts';
import { InterruptedError } from './resp/errors.ts';
import { Fleet } from './resp/fleet.ts';
import { traceTo } from './resp/trace.ts';
import { QuestionAbandonedError, type Terminal } from './terminal.ts';

type MakeCommand = (context: Context) => Command;

/** In the order of the help. Each is loaded when it is wanted: reading all of them takes longer than a `check`. */
const COMMANDS: Readonly<Record<string, () => Promise<MakeCommand>>> = {
  create: async () => (await import('./commands/create.ts')).createCommand,
  check: async () => (await import('./commands/check.ts')).checkCommand,
  info: async () => (await import('./commands/info.ts')).infoCommand,
  fix: async () => (await import('./commands/fix.ts')).fixCommand,
  explain: async () => (await import('./commands/fix.ts')).explainCommand,
  rescue: async () => (await import('./commands/rescue.ts')).rescueCommand,
  'add-node': async () => (await import('./commands/add-node.ts')).addNodeCommand,
  'del-node': async () => (await import('./commands/del-node.ts')).delNodeCommand,
  'forget-failed': async () => (await import('./commands/del-node.ts')).forgetFailedCommand,
  replicate: async () => (await import('./commands/replicas.ts')).replicateCommand,
  'place-replicas': async () => (await import('./commands/replicas.ts')).placeReplicasCommand,
  reshard: async () => (await import('./commands/reshard.ts')).reshardCommand,
  rebalance: async () => (await import('./commands/rebalance.ts')).rebalanceCommand,
  apply: async () => (await import('./commands/apply.ts')).applyCommand,
};

/** All of them for whoever wants the help, or has mistyped. */
function wanted([, , first = '']: readonly string[]): Promise<MakeCommand[]> {
  const load = Object.hasOwn(COMMANDS, first) ? COMMANDS[first] : undefined;
  return Promise.all((load ? [load] : Object.values(COMMANDS)).map(one => one()));
}

const EXIT_CODE_HELP = `
Exit codes:
  0    done; for check: healthy
  1    problems were found, or the work failed
  2    wrong usage
  3    the cluster could not be asked: the node given did not answer, or not as a cluster node
  4    refused, because it would be unsafe; the message names what overrides that, if anything does
  130  interrupted`;

export async function main(argv: readonly string[], terminal: Terminal): Promise<number> {
  let code: ExitCode = EXIT.done;
  const context: Context = {
    terminal,
    openFleet: (settings, trace) =>
      new Fleet(settings, trace ? traceTo(terminal.log, settings.credentials?.password) : undefined),
    nowMs: () => Date.now(),
    finish: ended => {
      code = ended;
    },
  };
  try {
    await buildProgram(context, await wanted(argv)).parseAsync([...argv]);
    return code;
  } catch (error) {
    const failure = explainFailure(error instanceof QuestionAbandonedError ? new InterruptedError() : error);
    if (failure.text !== undefined) terminal.warn(fitForTerminal(failure.text));
    return failure.code;
  }
}

function buildProgram(context: Context, commands: readonly MakeCommand[]): Command {
  const { terminal } = context;
  const program = new Command('slotctl')
    .description(packageJson.description)
    .version(packageJson.version, '-V, --version')
    .helpCommand('help [command]', 'show the help of a command')
    .addHelpText('afterAll', EXIT_CODE_HELP)
    .showSuggestionAfterError();
  for (const command of commands.map(make => make(context))) program.addCommand(command);
  for (const command of [program, ...program.commands]) {
    command.exitOverride().configureOutput({
      writeOut: text => terminal.print(text),
      writeErr: text => terminal.log(fitForTerminal(withoutSecrets(text))),
    });
  }
  return program;
}
