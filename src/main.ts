/** The composition root: which commands there are, and what their ends mean to the shell. */
import { Command, CommanderError } from 'commander';
import packageJson from '../package.json' with { type: 'json' };
import { checkCommand } from './commands/check.ts';
import { type Context, describeNodeError, EXIT, type ExitCode, UsageError } from './commands/context.ts';
import { infoCommand } from './commands/info.ts';
import { FileError } from './live/files.ts';
import { EntryNodeError } from './live/inspect.ts';
import { InterruptedError, NodeError } from './resp/errors.ts';
import { Fleet } from './resp/fleet.ts';
import { traceTo } from './resp/trace.ts';
import { QuestionAbandonedError, type Terminal } from './terminal.ts';

const EXIT_CODE_HELP = `
Exit codes:
  0    done; for check: healthy
  1    problems were found, or the work failed
  2    wrong usage
  3    the cluster could not be asked: the node given did not answer, or not as a cluster node
  4    refused, because it would be unsafe; the message names what overrides that
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
    return explainFailure(error, terminal);
  }
}

function buildProgram(context: Context): Command {
  const { terminal } = context;
  const program = new Command('slotctl')
    .description(packageJson.description)
    .version(packageJson.version, '-V, --version')
    .helpCommand('help [command]', 'show the help of a command')
    .addHelpText('after', EXIT_CODE_HELP)
    .showSuggestionAfterError();
  for (const command of [checkCommand(context), infoCommand(context)]) program.addCommand(command);
  for (const command of [program, ...program.commands]) {
    command.exitOverride().configureOutput({
      writeOut: text => terminal.print(text),
      writeErr: text => terminal.log(text),
    });
  }
  return program;
}

/** Every kind of failure has its words and its exit code here, and nowhere else. */
function explainFailure(error: unknown, terminal: Terminal): ExitCode {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
  if (error instanceof UsageError) return complain(`slotctl: ${error.message}`, EXIT.usage);
  if (error instanceof EntryNodeError) return complain(error.message, EXIT.unreachable);
  if (error instanceof NodeError) return complain(describeNodeError(error), EXIT.problems);
  if (error instanceof FileError) return complain(`slotctl: ${error.message}`, EXIT.problems);
  if (error instanceof InterruptedError || error instanceof QuestionAbandonedError) {
    return complain('slotctl: interrupted', EXIT.interrupted);
  }
  const trace = error instanceof Error ? error.stack : String(error);
  return complain(
    `slotctl: this is a bug in slotctl; please report it with these lines:\n${trace}`,
    EXIT.problems,
  );

  function complain(text: string, code: ExitCode): ExitCode {
    terminal.warn(text);
    return code;
  }
}
