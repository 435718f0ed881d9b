/** Whatever stands on the command line: it is done, refused, or wrong usage, in words that fit a terminal. */
import type { Command } from 'commander';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { addNodeCommand } from '../../src/commands/add-node.ts';
import { applyCommand } from '../../src/commands/apply.ts';
import { backupCommand } from '../../src/commands/backup.ts';
import { callCommand } from '../../src/commands/call.ts';
import { checkCommand } from '../../src/commands/check.ts';
import { isSubcommand, OPTION_NAMES, SUBCOMMAND_NAMES } from '../../src/commands/classic/option-table.ts';
import type { Context } from '../../src/commands/context.ts';
import { createCommand } from '../../src/commands/create.ts';
import { delNodeCommand, forgetFailedCommand } from '../../src/commands/del-node.ts';
import { failoverCommand } from '../../src/commands/failover.ts';
import { explainCommand, fixCommand } from '../../src/commands/fix.ts';
import { importCommand } from '../../src/commands/import.ts';
import { infoCommand } from '../../src/commands/info.ts';
import { rebalanceCommand } from '../../src/commands/rebalance.ts';
import { placeReplicasCommand, replicateCommand } from '../../src/commands/replicas.ts';
import { rescueCommand } from '../../src/commands/rescue.ts';
import { reshardCommand } from '../../src/commands/reshard.ts';
import { restoreCommand } from '../../src/commands/restore.ts';
import { rollingFailoverCommand } from '../../src/commands/rolling-failover.ts';
import { setTimeoutCommand } from '../../src/commands/set-timeout.ts';
import { fakeTerminal, type Run, slotctl } from '../support/run-slotctl.ts';
import { bulk, ScriptedNode } from '../support/scripted-node.ts';

const context: Context = {
  terminal: fakeTerminal(),
  openFleet: () => {
    throw new Error('only its options are looked at');
  },
  nowMs: () => 0,
  finish: () => {},
};

const COMMANDS: readonly Command[] = [
  createCommand(context),
  checkCommand(context),
  infoCommand(context),
  addNodeCommand(context),
  delNodeCommand(context),
  forgetFailedCommand(context),
  replicateCommand(context),
  placeReplicasCommand(context),
  reshardCommand(context),
  rebalanceCommand(context),
  applyCommand(context),
  fixCommand(context),
  explainCommand(context),
  rescueCommand(context),
  importCommand(context),
  failoverCommand(context),
  rollingFailoverCommand(context),
  callCommand(context),
  setTimeoutCommand(context),
  backupCommand(context),
  restoreCommand(context),
];

/** Nobody listens at port 1. */
const REFUSED = '127.0.0.1:1';

const WORDS = [
  '',
  ' ',
  '-',
  '--',
  '---',
  '-x',
  '--no-such-option',
  '--=',
  ',',
  ',,,',
  '=',
  '==',
  'a=b=c',
  'x=1',
  '=1',
  '0',
  '-1',
  '1e9',
  '0x10',
  'NaN',
  'Infinity',
  '9'.repeat(400),
  '1.5',
  '٣',
  'all',
  'a'.repeat(40),
  'g'.repeat(40),
  '\n',
  '\t',
  '\r\n+OK',
  '\u001b[2J\u001b]0;title\u0007',
  '\u202egnp.exe',
  '\ud800',
  'ä',
  'x'.repeat(100_000),
  '0-16383',
  '16383-0',
  '0-99999999999999999999',
  '::',
  ':::::',
  '[::1',
  '[]:1',
  '127.0.0.1',
  '127.0.0.1:',
  '127.0.0.1:0',
  '127.0.0.1:65536',
  '127.0.0.1:-1',
  '127.0.0.1:1@',
  '127.0.0.1:1@99999',
  ':7000',
  'redis://',
  'redis://:@/',
  'redis://u:p@127.0.0.1:1/7?db=9',
  'http://127.0.0.1:1/',
  '%s%n%00',
  '/nonexistent/file',
  '/dev/null',
  '/',
  '__proto__',
  'constructor',
];

const anyWord = fc.oneof(
  fc.constantFrom(...WORDS),
  fc.constant(REFUSED),
  fc.string({ unit: 'binary', maxLength: 30 }).filter(word => !word.includes(':')),
);

/** They would write files, or wait for somebody who types. */
const LEFT_OUT = new Set([
  '--output',
  '--plan-out',
  '--askpass',
  '--cluster-from-askpass',
  '--connect-timeout',
  '--reply-timeout',
  '-t',
]);

function anyOption(command: Command): fc.Arbitrary<string[]> {
  const options = command.options.filter(({ long }) => long && !LEFT_OUT.has(long));
  return fc
    .tuple(fc.constantFrom(...options), anyWord, fc.boolean())
    .map(([option, value, glued]) =>
      option.required || option.optional
        ? glued
          ? [`${option.long}=${value}`]
          : [`${option.long}`, value]
        : [`${option.long}`],
    );
}

test.each(COMMANDS.map(command => ({ command, name: command.name() })))(
  '$name',
  async ({ command, name }) => {
    const argv = fc
      .array(
        fc.oneof(
          anyWord.map(word => [word]),
          anyOption(command),
          fc.constant([REFUSED]),
        ),
        { maxLength: 6 },
      )
      .map(parts => [name, '--connect-timeout', '1', ...parts.flat()]);
    await fc.assert(
      fc.asyncProperty(argv, async words => expectWords(await slotctl(words))),
      { numRuns: 60 },
    );
  },
);

test.each(SUBCOMMAND_NAMES.filter(isSubcommand))('--cluster %s', async subcommand => {
  const options = OPTION_NAMES.filter(name => !LEFT_OUT.has(name));
  const part = fc.oneof(
    anyWord.map(word => [word]),
    fc.tuple(fc.constantFrom(...options), anyWord).map(([option, word]) => [option, word]),
    fc.constantFrom(...options).map(option => [option]),
    fc.constant([REFUSED]),
    fc.constant([REFUSED, 'all']),
  );
  const argv = fc
    .tuple(fc.array(part, { maxLength: 2 }), fc.array(part, { maxLength: 4 }))
    .map(([before, after]) => ['-t', '1', ...before.flat(), '--cluster', subcommand, ...after.flat()]);
  await fc.assert(
    fc.asyncProperty(argv, async words => expectWords(await slotctl(words))),
    { numRuns: 60 },
  );
});

function expectWords({ code, stdout, stderr }: Run): void {
  const said = stdout + stderr;
  expect(said).not.toContain('bug in slotctl');
  expect([0, 1, 2, 3, 4]).toContain(code);
  expect(code === 0 || said !== '').toBe(true);
  expect([...stderr].filter(isControl)).toEqual([]);
  expect(stderr.length).toBeLessThan(10_000);
}

test.each([
  ['del-node', '%'],
  ['replicate', '%', '%'],
  ['reshard', '--slots', '0', '--cluster-to', '%'],
  ['rebalance', '--cluster-weight', '%=1'],
  ['failover', '%'],
  ['failover', '--of', '%'],
])('%s: a name that no node has', async (name, ...words) => {
  const node = await ScriptedNode.listen();
  onTestFinished(() => node.close());
  const own = `${'a'.repeat(40)} ${node.address}@1 myself,master - 0 0 1 connected 0-16383`;
  node.answers.set('CLUSTER NODES', bulk(`${own}\n`));
  for (const word of ['\u001b[2J\u0007', 'x'.repeat(100_000), '__proto__', ' ']) {
    const { code, stderr } = await slotctl([name, node.address, ...words.map(w => w.replace('%', word))]);
    expect([...stderr].filter(isControl)).toEqual([]);
    expect(stderr.length).toBeLessThan(10_000);
    expect([2, 4]).toContain(code);
  }
});

function isControl(character: string): boolean {
  return character !== '\n' && /\p{Cc}/u.test(character);
}

test.each([
  [['apply', '/dev/zero']],
  [['check', REFUSED, '--address-map', '/dev/zero']],
  [['create', REFUSED, '--zones', '/dev/zero']],
  [['check', REFUSED, '--tls', '--cacert', '/dev/zero']],
  [
    [
      'import',
      REFUSED,
      '--cluster-from',
      REFUSED,
      '--cluster-from-tls',
      '--cluster-from-cacert',
      '/dev/zero',
    ],
  ],
])('a file without an end: %j', async words => {
  const { code, stderr } = await slotctl(words);
  expect(stderr).toContain('/dev/zero cannot be read: it is larger than');
  expect(code).toBe(2);
});
