/** The words of `import`: where keys come from, and how. Nothing is connected to. */
import { CommanderError } from 'commander';
import { describe, expect, test } from 'vitest';
import { EXIT, UsageError } from '../../../src/commands/context.ts';
import { importCommand } from '../../../src/commands/import.ts';
import type { ImportOptions } from '../../../src/commands/options/import.ts';
import { fakeTerminal, slotctl, type TerminalSetup } from '../../support/run-slotctl.ts';

async function read(
  argv: readonly string[],
  setup: TerminalSetup = {},
): Promise<ImportOptions & { readonly stderr: string }> {
  const terminal = fakeTerminal(setup);
  let seen: ImportOptions | undefined;
  const command = importCommand(
    {
      terminal,
      openFleet: () => {
        throw new Error('nothing is to be connected to here');
      },
      nowMs: () => 0,
      finish: () => {},
    },
    async options => {
      seen = options;
      return EXIT.done;
    },
  );
  command.exitOverride().configureOutput({ writeErr: terminal.log, writeOut: terminal.print });
  await command.parseAsync([...argv], { from: 'user' });
  if (!seen) throw new Error('the command did not run');
  return { ...seen, stderr: terminal.output.stderr };
}

const loginOf = ({ source }: ImportOptions) => {
  const { credentials } = source.fleet;
  return credentials && `${credentials.user ?? '-'}/${credentials.password.reveal()}`;
};

describe('where keys come from', () => {
  test('an address, in the new words and in the old ones; the cluster has its own', async () => {
    const options = await read(['new:7000', '--cluster-from', 'old:6379']);
    expect(options.source.address).toEqual({ host: 'old', port: 6379 });
    expect(options.fleet.entry).toEqual({ kind: 'tcp', host: 'new', port: 7000 });
    expect(options.wishes).toEqual({
      copy: false,
      replace: false,
      throughHere: false,
      clash: 'refuse',
      despiteFindings: false,
    });
    const old = await read(['--from', 'old:6379', '--copy', '--replace', 'new:7000']);
    expect(old.source.address).toEqual(options.source.address);
    expect(old.wishes).toMatchObject({ copy: true, replace: true });
  });

  test('a login of its own, by every way to give it', async () => {
    const from = ['new:7000', '--cluster-from', 'old:6379'];
    const both = { env: { REDISCLI_AUTH: 'new pw', SLOTCTL_FROM_AUTH: 'old pw' } };
    expect(loginOf(await read(from, both))).toBe('-/old pw');
    expect(loginOf(await read(from, { env: { REDISCLI_AUTH: 'new pw' } }))).toBeUndefined();
    expect(loginOf(await read([...from, '--cluster-from-user', 'u'], both))).toBe('u/old pw');
    const typed = await read([...from, '--cluster-from-pass', 'typed']);
    expect(loginOf(typed)).toBe('-/typed');
    expect(typed.stderr).toMatch(/^Warning: a password on the command line/);
    expect(loginOf(await read([...from, '--cluster-from-askpass'], { secret: 'asked' }))).toBe('-/asked');
    const uri = await read(['new:7000', '--cluster-from', 'rediss://u:p%20w@old:1', '--no-auth-warning']);
    expect(loginOf(uri)).toBe('u/p w');
    expect(uri.source.fleet.tls).toBeDefined();
    expect(uri.fleet.tls).toBeUndefined();
  });
});

describe('wrong usage', () => {
  test.each([
    [['new:7000'], "Option '--cluster-from' is required for subcommand 'import'"],
    [['new:7000', '--cluster-from', 'old'], 'is not an address'],
    [['new:7000', '--cluster-from', 'old:1', '--cluster-from-user', 'u'], "user 'u' needs a password"],
    [['new:7000', '--cluster-from', 'old:1', '--no-rescue'], '--no-rescue goes with --cluster-replace'],
    [
      ['new:7000', '--cluster-from', 'old:1', '--database-clash', 'last', '--cluster-replace'],
      'needs --cluster-copy',
    ],
    [
      ['new:7000', '--cluster-from', 'old:1', '--cluster-from-tls', '--cluster-from-cert', 'f'],
      'both --cluster-from-cert and --cluster-from-key',
    ],
  ])('%#', async (argv, complaint) => {
    const failure = await read(argv).catch(error => error);
    expect(failure).toBeInstanceOf(UsageError);
    expect(String(failure)).toContain(complaint);
  });

  test.each([
    ['--databases', '0,x'],
    ['--databases', '-1'],
    ['--database-clash', 'first'],
    ['--cluster-pipeline', '0'],
  ])('%s %s', async (...words) => {
    const failure = await read(['new:7000', '--cluster-from', 'old:1', ...words]).catch(error => error);
    expect(failure).toBeInstanceOf(CommanderError);
  });

  test('a password that is glued to its option is not repeated', async () => {
    const { code, stdout, stderr } = await slotctl(['import', 'new:7000', '--cluster-from-passs3cret']);
    expect(code).toBe(2);
    expect(stdout + stderr).not.toContain('s3cret');
  });
});
