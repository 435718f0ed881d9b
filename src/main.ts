/** The composition root: which commands there are, and what their ends mean to the shell. */
import { Command } from 'commander';
import packageJson from '../package.json' with { type: 'json' };
import { addNodeCommand } from './commands/add-node.ts';
import { applyCommand } from './commands/apply.ts';
import { checkCommand } from './commands/check.ts';
import { type Context, EXIT, type ExitCode } from './commands/context.ts';
import { createCommand } from './commands/create.ts';
import { delNodeCommand, forgetFailedCommand } from './commands/del-node.ts';
import { explainFailure, fitForTerminal, withoutSecrets } from './commands/failures.ts';
import { explainCommand, fixCommand } from './commands/fix.ts';
import { infoCommand } from './commands/info.ts';
import { rebalanceCommand } from './commands/rebalance.ts';
import { placeReplicasCommand, replicateCommand } from './commands/replicas.ts';
import { rescueCommand } from './commands/rescue.ts';
import { reshardCommand } from './commands/reshard.ts';
import { InterruptedError } from './resp/errors.ts';
import { Fleet } from './resp/fleet.ts';
import { traceTo } from './resp/trace.ts';
import { QuestionAbandonedError, type Terminal } from './terminal.ts';

const COMMANDS: readonly ((context: Context) => Command)[] = [
  context => createCommand(context),
  context => checkCommand(context),
  context => infoCommand(context),
  context => fixCommand(context),
  context => explainCommand(context),
  context => rescueCommand(context),
  context => addNodeCommand(context),
  context => delNodeCommand(context),
  context => forgetFailedCommand(context),
  context => replicateCommand(context),
  context => placeReplicasCommand(context),
  context => reshardCommand(context),
  context => rebalanceCommand(context),
  context => applyCommand(context),
];

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
    await buildProgram(context).parseAsync([...argv]);
    return code;
  } catch (error) {
    const failure = explainFailure(error instanceof QuestionAbandonedError ? new InterruptedError() : error);
    if (failure.text !== undefined) terminal.warn(fitForTerminal(failure.text));
    return failure.code;
  }
}

function buildProgram(context: Context): Command {
  const { terminal } = context;
  const program = new Command('slotctl')
    .description(packageJson.description)
    .version(packageJson.version, '-V, --version')
    .helpCommand('help [command]', 'show the help of a command')
    .addHelpText('afterAll', EXIT_CODE_HELP)
    .showSuggestionAfterError();
  for (const command of COMMANDS.map(make => make(context))) program.addCommand(command);
  for (const command of [program, ...program.commands]) {
    command.exitOverride().configureOutput({
      writeOut: text => terminal.print(text),
      writeErr: text => terminal.log(fitForTerminal(withoutSecrets(text))),
    });
  }
  return program;
}
