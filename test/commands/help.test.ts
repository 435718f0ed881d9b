/** What `--help` says, and what is said to whoever mistypes. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { examplesOf } from '../../src/commands/examples.ts';
import { nearestWord } from '../../src/commands/options/nearest-word.ts';
import { slotctl } from '../support/run-slotctl.ts';

async function listedCommands(): Promise<string[]> {
  const { stdout } = await slotctl(['--help']);
  const [, commands = ''] = stdout.split(/^Commands:$/m);
  const [list = ''] = commands
    .split(/^$/m)
    .slice(0, 2)
    .filter(part => part.trim() !== '');
  return [...list.matchAll(/^ {2}([a-z-]+) /gm)].flatMap(([, name]) =>
    name === 'help' || !name ? [] : [name],
  );
}

describe('help', () => {
  test('is the same in every spelling, on standard output, and a success', async () => {
    const expected = await slotctl(['--help']);
    expect(expected).toMatchObject({ code: 0, stderr: '' });
    for (const words of [['help'], ['-h']]) expect(await slotctl(words)).toEqual(expected);
  });

  test('with --cluster has the layout of redis-cli, where scripts look for subcommands and options', async () => {
    const { code, stdout, stderr } = await slotctl(['--cluster', 'help']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^Cluster Manager Commands:\n {2}create {9}host1:port1 /);
    expect(stdout).toContain(`\n  backup         host:port backup_directory\n`);
    expect(stdout).toContain(`\n${' '.repeat(17)}--cluster-weight <node1=w1...nodeN=wN>\n`);
    expect((await slotctl(['--cluster', 'help', 'me'])).stdout).toBe(stdout);
  });

  test('fits into 80 columns', async () => {
    const pages = await Promise.all(
      [['--help'], ...(await listedCommands()).map(name => [name, '--help'])].map(words => slotctl(words)),
    );
    const lines = pages.flatMap(({ stdout }) => stdout.split('\n'));
    expect(lines.filter(line => line.length > 80)).toEqual([]);
  });

  test('of one command: by its option and by the word, with examples and the exit codes', async () => {
    const expected = await slotctl(['reshard', '--help']);
    expect(expected.stdout).toMatch(/^Examples:\n {2}slotctl reshard /m);
    expect(expected.stdout).toContain('Exit codes:');
    for (const words of [
      ['help', 'reshard'],
      ['--cluster', 'reshard', '--help'],
    ])
      expect(await slotctl(words)).toEqual(expected);
  });

  test('every command has examples', async () => {
    const commands = await listedCommands();
    expect(commands.length).toBeGreaterThan(10);
    for (const name of commands) expect((await slotctl([name, '--help'])).stdout).toMatch(/^Examples?:$/m);
  });

  test('every example is understood', async () => {
    const lines = (await listedCommands())
      .flatMap(examplesOf)
      .filter(line => !/plan\.json|\.jsonl|^restore/.test(line));
    for (const line of lines) {
      // Nobody listens there, which is found out only when the options are read.
      const words = line
        .replace(/10\.0\.0\.(\d)(?=[ :])/g, '127.0.0.$1')
        .replace(/\b([abc]):700(?=\d)/g, (_, host) => `127.0.0.1:${host.charCodeAt(0) - 96}`)
        .replace(/([: ])6379/g, '$11');
      const { code, stderr } = await slotctl(words.split(' '), { secret: 'secret' });
      expect(code, `${line}: ${stderr}`).not.toBe(2);
    }
  });
});

describe('whoever mistypes', () => {
  test.each([
    [['chekc', 'h:1'], '(Did you mean check?)'],
    [['CHECK', 'h:1'], '(Did you mean check?)'],
    [['help', 'rebalanse'], '(Did you mean rebalance?)'],
    [['addnode', 'h:1'], '(Did you mean add-node?)'],
    [['--cluster', 'del_node', 'h:1', 'x'], '(Did you mean del-node?)'],
    [['reshard', 'h:1', '--cluster-form', 'all'], '(Did you mean --cluster-from?)'],
    [['--cluster', 'reshard', 'h:1', '--cluster-form', 'all'], '(Did you mean --cluster-from?)'],
    [['frobnicate'], 'slotctl --help lists them all.'],
  ])('%j', async (words, hint) => {
    const { code, stdout, stderr } = await slotctl(words);
    expect(stderr).toContain(hint);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  });

  test('a login in place of a command is not repeated', async () => {
    expect((await slotctl(['redis://u:s3cret@h:1'])).stderr).not.toContain('s3cret');
  });
});

describe('the nearest word', () => {
  const words = ['check', 'create', 'reshard', 'rebalance'];

  test.each(words)('of %s is itself, with one letter wrong, missing, added, or two exchanged', word => {
    fc.assert(
      fc.property(fc.nat(word.length - 1), fc.constantFrom('q', ''), (at, letter) => {
        expect(nearestWord(word.slice(0, at) + letter + word.slice(at + 1), words)).toBe(word);
        expect(nearestWord(`${word.slice(0, at)}q${word.slice(at)}`, words)).toBe(word);
        expect(
          nearestWord(word.slice(0, at) + (word[at + 1] ?? '') + word[at] + word.slice(at + 2), words),
        ).toBe(word);
      }),
    );
    expect(nearestWord(word.toUpperCase(), words)).toBe(word);
  });

  test('is none where nothing is near, however long', () => {
    expect(nearestWord('xyz', words)).toBeUndefined();
    expect(nearestWord('check'.repeat(100_000), words)).toBeUndefined();
  });
});
