/** A command line read by a command, and nothing done. */
import type { Command } from 'commander';
import { type Context, EXIT } from '../../src/commands/context.ts';
import { fakeTerminal, type TerminalSetup } from './run-slotctl.ts';

export async function readOptions<Options>(
  make: (context: Context, run: (options: Options) => Promise<0>) => Command,
  argv: readonly string[],
  setup: TerminalSetup = {},
): Promise<{ options: Options; stderr: string }> {
  const terminal = fakeTerminal(setup);
  let seen: Options | undefined;
  const context: Context = {
    terminal,
    openFleet: () => {
      throw new Error('nothing is to be connected to here');
    },
    nowMs: () => 0,
    finish: () => {},
  };
  const command = make(context, async options => {
    seen = options;
    return EXIT.done;
  });
  command.exitOverride().configureOutput({ writeErr: terminal.log, writeOut: terminal.print });
  await command.parseAsync([...argv], { from: 'user' });
  if (seen === undefined) throw new Error('the command did not run');
  return { options: seen, stderr: terminal.output.stderr };
}
