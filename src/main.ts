/** The composition root: which commands there are, and what their ends mean to the shell. */
import { Command } from 'commander';
import packageJson from '../package.json' with { type: 'json' };
import { classicTerminal } from './classic-terminal.ts';
import { type Conventions, type Translation, translateArguments } from './commands/classic/translate.ts';
import { type Context, EXIT, type ExitCode, UsageError } from './commands/context.ts';
import { examplesText } from './commands/examples.ts';
import { nearestWord } from './commands/options/nearest-word.ts';
import { explainFailure, fitForTerminal, withoutSecrets } from './commands/telling/failures.ts';
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
  import: async () => (await import('./commands/import.ts')).importCommand,
  failover: async () => (await import('./commands/failover.ts')).failoverCommand,
  'rolling-failover': async () => (await import('./commands/rolling-failover.ts')).rollingFailoverCommand,
  call: async () => (await import('./commands/call.ts')).callCommand,
  'set-timeout': async () => (await import('./commands/set-timeout.ts')).setTimeoutCommand,
  apply: async () => (await import('./commands/apply.ts')).applyCommand,
  backup: async () => (await import('./commands/backup.ts')).backupCommand,
  restore: async () => (await import('./commands/restore.ts')).restoreCommand,
};

/** All of them for whoever wants the help. */
function wanted(words: readonly string[]): Promise<MakeCommand[]> {
  const [first = ''] = words[0] === 'help' ? words.slice(1) : words;
  const load = Object.hasOwn(COMMANDS, first) ? COMMANDS[first] : undefined;
  if (!load && first !== 'help' && first !== '' && !first.startsWith('-')) throw unknownCommand(first);
  return Promise.all((load ? [load] : Object.values(COMMANDS)).map(one => one()));
}

function unknownCommand(word: string): UsageError {
  const nearest = nearestWord(word, Object.keys(COMMANDS));
  const hint = nearest ? `(Did you mean ${nearest}?)` : 'slotctl --help lists them all.';
  return new UsageError(`${withoutSecrets(`unknown command '${word}'`)}\n${hint}`);
}

const GENERAL_HELP = `
In place of redis-cli, valkey-cli and redis-trib:
  slotctl --cluster check 10.0.0.1:6379       as with redis-cli and valkey-cli
  slotctl create --replicas 1 10.0.0.1:6379…  as with redis-trib`;

const LEAST_HELP_COLUMNS = 20;

const EXIT_CODE_HELP = `
Exit codes:
  0    done; for check: healthy
  1    problems were found, or the work failed
  2    wrong usage
  3    the node given did not answer, or not as a node of a cluster
  4    refused as unsafe; the message names what overrides that, if anything
  130  interrupted`;

export async function main(argv: readonly string[], terminal: Terminal): Promise<number> {
  let told = terminal;
  let habits: Conventions = 'native';
  let code: ExitCode = EXIT.done;
  try {
    const understood = await understand(argv, terminal);
    if (understood.kind === 'help') {
      terminal.print(understood.text);
      return EXIT.done;
    }
    const { words, conventions, isTheirTool } = understood;
    habits = conventions;
    if (conventions === 'classic') told = classicTerminal(terminal, words.includes('--json'));
    const context: Context = {
      terminal: told,
      conventions,
      isTheirTool,
      openFleet: (settings, trace) => new Fleet(settings, trace ? traceTo(terminal.log) : undefined),
      nowMs: () => Date.now(),
      finish: ended => {
        code = ended;
      },
    };
    await buildProgram(context, await wanted(words)).parseAsync([...words], { from: 'user' });
    return code;
  } catch (error) {
    const cause = error instanceof QuestionAbandonedError ? new InterruptedError() : error;
    const failure = explainFailure(cause, habits);
    if (failure.text !== undefined) told.warn(fitForTerminal(failure.text), failure.severity);
    return failure.code;
  }
}

/** The words may be those of redis-cli or redis-trib, and one of them may be standard input. */
async function understand(
  argv: readonly string[],
  terminal: Terminal,
): Promise<Extract<Translation, { kind: 'ready' | 'help' }>> {
  let translation = translateArguments(argv, terminal.env);
  if (translation.kind === 'wants-input') {
    const input = await terminal.readAll();
    if (input.kind === 'interrupted') throw new InterruptedError();
    if (input.kind === 'nobody') throw new UsageError('standard input, wanted as an argument, does not end');
    translation = translation.given(input.value);
  }
  if (translation.kind === 'ready' || translation.kind === 'help') return translation;
  throw new UsageError(translation.kind === 'wrong' ? translation.text : 'standard input is wanted twice');
}

function buildProgram(context: Context, commands: readonly MakeCommand[]): Command {
  const { terminal } = context;
  const program = new Command('slotctl')
    .description(packageJson.description)
    .version(packageJson.version, '-V, --version')
    .helpCommand('help [command]', 'show the help of a command')
    .addHelpText('after', GENERAL_HELP)
    .addHelpText('afterAll', EXIT_CODE_HELP)
    .showSuggestionAfterError()
    .configureHelp({ subcommandTerm: command => command.name() });
  for (const command of commands.map(make => make(context)))
    program.addCommand(command.addHelpText('after', examplesText(command.name())));
  for (const command of [program, ...program.commands]) {
    // A long option leaves less room beside it than commander wants before it breaks lines at all.
    command.configureHelp({ ...command.configureHelp(), minWidthToWrap: LEAST_HELP_COLUMNS });
    command.exitOverride().configureOutput({
      writeOut: text => terminal.print(text),
      writeErr: text => terminal.log(fitForTerminal(withoutSecrets(text))),
    });
  }
  return program;
}
