/** argv in, options or wrong usage out. Nothing is connected to. */
import { CommanderError } from 'commander';
import { describe, expect, test } from 'vitest';
import { type AddNodeOptions, addNodeCommand } from '../../src/commands/add-node.ts';
import { type CheckOptions, checkCommand } from '../../src/commands/check.ts';
import { UsageError } from '../../src/commands/context.ts';
import { type DelNodeOptions, delNodeCommand } from '../../src/commands/del-node.ts';
import { explainCommand, fixCommand } from '../../src/commands/fix.ts';
import { type InfoOptions, infoCommand } from '../../src/commands/info.ts';
import type { FixOptions } from '../../src/commands/options/fix.ts';
import { USUAL_MOVING } from '../../src/commands/options/move.ts';
import { type ReshardOptions, type ReshardWish, reshardCommand } from '../../src/commands/reshard.ts';
import { TrustedHosts } from '../../src/resp/trusted-hosts.ts';
import { SlotSet } from '../../src/topology/slot-set.ts';
import { readOptions } from '../support/read-options.ts';
import { slotctl, type TerminalSetup } from '../support/run-slotctl.ts';

const check = (argv: readonly string[], setup?: TerminalSetup) =>
  readOptions<CheckOptions>(checkCommand, argv, setup);
const info = (argv: readonly string[], setup?: TerminalSetup) =>
  readOptions<InfoOptions>(infoCommand, argv, setup);

describe('what check understands', () => {
  test('an address alone: the defaults', async () => {
    const { options, stderr } = await check(['h:7000']);
    expect(options).toEqual({
      fleet: { entry: { kind: 'tcp', host: 'h', port: 7000 }, connectTimeoutMs: 3000, replyTimeoutMs: 5000 },
      trace: false,
      format: 'text',
      quiet: false,
      failOn: 'error',
      minReplicas: 0,
      maxReplicaLagBytes: 16 * 1024 * 1024,
      searchOwners: false,
    });
    expect(stderr).toBe('');
  });

  test.each<[string[], Partial<CheckOptions>]>([
    [['--json', 'h:1'], { format: 'json' }],
    [['h:1', '--json'], { format: 'json' }],
    [['h:1', '--format', 'prometheus', '--output', 'f.prom'], { format: 'prometheus', outputFile: 'f.prom' }],
    [['h:1', '-q', '-o', 'f'], { quiet: true, outputFile: 'f' }],
    [['h:1', '--fail-on', 'warning'], { failOn: 'warning' }],
    [['h:1', '--min-replicas', '2'], { minReplicas: 2 }],
    [['h:1', '--max-replica-lag', '5'], { maxReplicaLagBytes: 5 }],
    [['h:1', '--search-multiple-owners'], { searchOwners: true }],
    [['h:1', '--cluster-search-multiple-owners'], { searchOwners: true }],
    [['h:1', '--trace'], { trace: true }],
  ])('%j', async (argv, expected) => {
    expect((await check(argv)).options).toMatchObject(expected);
  });
});

describe('commands that move slots on the way to something else', () => {
  const moved = (flags: readonly string[]) => ({
    limits: {
      ...USUAL_MOVING.limits,
      allowBlocking: flags.includes('--allow-blocking'),
      replace: flags.includes('--cluster-replace'),
    },
  });

  test.each([[], ['--allow-blocking'], ['--cluster-replace'], ['--allow-blocking', '--cluster-replace']])(
    'what moves may stop at: %j %j',
    async (...flags) => {
      const given = flags.filter(flag => flag !== undefined);
      const leaving = await readOptions<DelNodeOptions>(delNodeCommand, ['h:1', 'n', '--drain', ...given]);
      expect(leaving.options.draining).toMatchObject({ moving: moved(given), despiteFindings: false });
      const coming = await readOptions<AddNodeOptions>(addNodeCommand, [
        'n:1',
        'h:1',
        '--rebalance',
        ...given,
      ]);
      expect(coming.options.filling).toMatchObject(moved(given));
      // Ctrl-C means something else to them where no slots move.
      expect([leaving.options.moving, coming.options.moving]).toEqual([undefined, undefined]);
    },
  );

  test('del-node --drain --despite-findings', async () => {
    const words = ['h:1', 'n', '--drain', '--despite-findings'];
    const { options } = await readOptions<DelNodeOptions>(delNodeCommand, words);
    expect(options.draining.despiteFindings).toBe(true);
  });
});

describe('what fix understands', () => {
  const fix = (...argv: string[]) => readOptions<FixOptions>(fixCommand, ['h:1', ...argv]);
  const wish = (searchOwners: boolean, withUnreachable: boolean) => ({
    wishes: { searchOwners, withUnreachable },
  });

  test.each<[string[], Partial<FixOptions>]>([
    [[], { prefer: 'owner', explain: false, yes: false, ...wish(true, false) }],
    [['--explain'], { explain: true }],
    [['--cluster-yes'], { yes: true }],
    [['--search-multiple-owners'], wish(true, false)],
    [['--cluster-search-multiple-owners'], wish(true, false)],
    [['--no-search-multiple-owners'], wish(false, false)],
    [['--cluster-fix-with-unreachable-masters'], wish(true, true)],
    [['--cluster-fix-with-unreachable-primaries'], wish(true, true)],
    [['--prefer', 'other'], { prefer: 'other' }],
    [['--prefer-newest'], { prefer: 'newest' }],
    [['--rescue-file', 'f', '--plan-out', 'p'], { rescueFile: 'f', planFile: 'p' }],
  ])('%j', async (argv, expected) => {
    expect((await fix(...argv)).options).toMatchObject(expected);
  });

  test('explain is fix --explain', async () => {
    expect((await readOptions<FixOptions>(explainCommand, ['h:1'])).options.explain).toBe(true);
  });

  test.each([
    { argv: ['fix', 'h:1', '--prefer', 'nobody'] },
    { argv: ['fix', 'h:1', '--prefer', 'owner', '--prefer-newest'] },
    { argv: ['fix', 'h:1', '--rescue-file', ''] },
    { argv: ['fix'] },
    { argv: ['fix', 'h:1', 'h:2', 'h:3'] },
    { argv: ['explain', 'h:1', '--explain'] },
    { argv: ['rescue'] },
    { argv: ['rescue', 'file', 'eat'] },
    { argv: ['rescue', 'file', 'list', 'h:1'] },
    { argv: ['rescue', 'file', 'restore'] },
    { argv: ['rescue', '/nowhere/file', 'list'] },
  ])('wrong usage: $argv', async ({ argv }) => {
    const { code, stdout } = await slotctl(argv);
    expect(stdout).toBe('');
    expect(code).toBe(2);
  });
});

describe('what reshard understands', () => {
  test.each<[string[], ReshardWish]>([
    [[], {}],
    [['--cluster-slots', '5'], { count: 5 }],
    [['--cluster-from', 'all'], { from: 'all' }],
    [['--cluster-to', 'a', '--cluster-from', 'b,c:1'], { to: 'a', from: ['b', 'c:1'] }],
    [['--slots', '1-3', '--cluster-to', 'a'], { slots: SlotSet.range(1, 3), to: 'a' }],
  ])('%j', async (argv, wish) => {
    const { options } = await readOptions<ReshardOptions>(reshardCommand, ['h:1', ...argv]);
    expect(options.wish).toEqual(wish);
  });

  test.each<[string[], RegExp]>([
    [['--slots', '1-3'], /--cluster-to names the primary/],
    [['--slots', '1-3', '--cluster-to', 'a', '--cluster-slots', '3'], /do not go with it/],
  ])('wrong usage: %j', async (argv, reason) => {
    const { code, stderr } = await slotctl(['reshard', 'h:1', ...argv]);
    expect(stderr).toMatch(reason);
    expect(code).toBe(2);
  });
});

describe('how to get to a cluster', () => {
  test.each<[string[], object]>([
    [['h', '7000'], { entry: { kind: 'tcp', host: 'h', port: 7000 } }],
    [['::1', '7000'], { entry: { kind: 'tcp', host: '::1', port: 7000 } }],
    [['h:7000@17000'], { entry: { kind: 'tcp', host: 'h', port: 7000 } }],
    [['-s', '/run/node.sock'], { entry: { kind: 'unix', path: '/run/node.sock' } }],
    [['-u', 'redis://h:7'], { entry: { kind: 'tcp', host: 'h', port: 7 } }],
    [['h:1', '-u', 'redis://other:7'], { entry: { kind: 'tcp', host: 'h', port: 1 } }],
    [['valkeys://h:7'], { entry: { kind: 'tcp', host: 'h', port: 7 }, tls: { insecure: false } }],
    [['h:1', '--tls', '--sni', 'n', '--insecure'], { tls: { serverName: 'n', insecure: true } }],
    [['h:1', '--sni', 'n'], { tls: { serverName: 'n', insecure: false } }],
    [['h:1', '--insecure'], { tls: { insecure: true } }],
    [['redis://h:1', '--insecure'], { tls: { insecure: true } }],
    [['h:1', '--trust-hosts', '10.0.0.0/8'], { trustedHosts: expect.any(TrustedHosts) }],
    [['h:1', '-t', '0.5', '--reply-timeout', '20'], { connectTimeoutMs: 500, replyTimeoutMs: 20_000 }],
  ])('%j', async (argv, expected) => {
    expect((await info(argv)).options.fleet).toMatchObject(expected);
  });

  test.each<[string, string[], TerminalSetup, [user: string | undefined, password: string | undefined]]>([
    ['none', ['h:1'], {}, [undefined, undefined]],
    ['-a', ['h:1', '-a', 'p'], {}, [undefined, 'p']],
    ['--pass and --user', ['h:1', '--pass', 'p', '--user', 'u'], {}, ['u', 'p']],
    ['a URI', ['redis://u:p@h:1'], {}, ['u', 'p']],
    ['--user before the URI', ['redis://u:p@h:1', '--user', 'v'], {}, ['v', 'p']],
    ['--pass before the URI', ['redis://u:p@h:1', '--pass', 'q'], {}, ['u', 'q']],
    ['REDISCLI_AUTH', ['h:1'], { env: { REDISCLI_AUTH: 'r' } }, [undefined, 'r']],
    ['VALKEYCLI_AUTH', ['h:1'], { env: { VALKEYCLI_AUTH: 'v' } }, [undefined, 'v']],
    ['--pass before the environment', ['h:1', '-a', 'p'], { env: { REDISCLI_AUTH: 'r' } }, [undefined, 'p']],
    ['--askpass before everything', ['h:1', '-a', 'p', '--askpass'], { secret: 's' }, [undefined, 's']],
  ])('credentials: %s', async (_, argv, setup, [user, password]) => {
    const { credentials } = (await info(argv, setup)).options.fleet;
    expect([credentials?.user, credentials?.password.reveal()]).toEqual([user, password]);
  });

  test('a password on the command line is warned of, and the warning can be turned off', async () => {
    expect((await info(['h:1', '-a', 'p'])).stderr).toMatch(
      /^Warning: Using a password with '-a' or '-u' option on the command line interface may not be safe\./,
    );
    expect((await info(['redis://:p@h:1'])).stderr).toMatch(/^Warning/);
    expect((await info(['h:1', '-a', 'p', '--no-auth-warning'])).stderr).toBe('');
    expect((await info(['h:1'], { env: { REDISCLI_AUTH: 'p' } })).stderr).toBe('');
  });
});

describe('wrong usage: exit code 2, one reason, no secret', () => {
  test.each<[string[], RegExp]>([
    [['check'], /the address of a node is missing/],
    [['check', '7000'], /'7000' is not an address/],
    [['check', 'h:0'], /'0' is not a port/],
    [['check', 'h:7000x'], /is not an address/],
    [['check', 'h', 'x'], /is not an address/],
    [['check', 'h:1', '2', '3'], /too many words/],
    [['check', 'redis://h:1', '2'], /nothing may follow it/],
    [['check', 'http://h:1'], /is not a scheme/],
    [['check', '-s', '/x', 'h:1'], /not both/],
    [['check', 'h:1', '--user', 'u'], /user 'u' needs a password/],
    [['check', 'h:1', '--tls', '--cert', 'c'], /both --cert and --key/],
    [['check', 'h:1', '-t', '0'], /a number of seconds above 0/],
    [['check', 'h:1', '-t', 'soon'], /a number of seconds above 0/],
    [['check', 'h:1', '--reply-timeout', '-1'], /a number of seconds above 0/],
    [['check', 'h:1', '--min-replicas', 'many'], /a whole number/],
    [['check', 'h:1', '--min-replicas', '-1'], /a whole number/],
    [['check', 'h:1', '--max-replica-lag', '1e3'], /a whole number/],
    [['check', 'h:1', '--format', 'xml'], /Allowed choices are text, json, prometheus/],
    [['check', 'h:1', '--json', '--format', 'prometheus'], /cannot be used with/],
    [['check', 'h:1', '-o', ''], /--output takes the name of a file/],
    [['check', 'redis://u:a/b@h:1'], /has a bare \/, \? or #/],
    [['check', 'h:1', '--fail-on', 'hope'], /Allowed choices are error, warning/],
    [['check', 'h:1', '--address-map', 'a=b=c'], /is not internal=external/],
    [['check', 'h:1', '--quite'], /unknown option '--quite'[\s\S]*--quiet/],
    [['chek', 'h:1'], /unknown command 'chek'[\s\S]*check/],
    [['info', 'redis://u:s3cret@h:99999999'], /the URI is malformed/],
    [[], /Usage: slotctl/],
  ])('%j', async (argv, reason) => {
    const { code, stdout, stderr } = await slotctl(argv);
    expect(stderr).toMatch(reason);
    expect(stderr).not.toContain('s3cret');
    expect(stderr).not.toMatch(/^\s+at /m);
    expect(stdout).toBe('');
    expect(code).toBe(2);
  });

  test('the classes behind it', async () => {
    await expect(info([])).rejects.toBeInstanceOf(UsageError);
    await expect(info(['h:1', '--nonsense'])).rejects.toBeInstanceOf(CommanderError);
  });

  test('a file that is not there', async () => {
    for (const option of [['--tls', '--cacert'], ['--address-map'], ['--tls', '--cacertdir']]) {
      const { code, stdout, stderr } = await slotctl(['check', 'h:1', ...option, '/no/such/file']);
      expect(stderr).toMatch(/^slotctl: \/no\/such\/file cannot be read: ENOENT/);
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    }
  });

  test.each([
    ['check', 'h:1', 'redis://:s3cret@h:1'],
    ['check', 'redis+tls://:s3cret@h:1'],
    ['check', ':s3cret@h:1'],
    ['check', 'h:1', '--password=s3cret'],
    ['check', 'redis://u:s3/cret@h:1'],
    ['check', '-u', 'http://u:s3cret@h:1'],
    ['redis://u:s3cret@h:1'],
    ['-as3cret', 'check', 'h:1'],
    ["-as3'cret", 'check', 'h:1'],
    ['check', 'h:1', '--passs3cret'],
    ['check', 'h:1', '-t', 'redis://u:s3cret@h'],
    ['check', 'h:1', '--format', 'redis://u:s3cret@h'],
  ])('does not repeat a password: %j', async (...argv) => {
    const { code, stdout, stderr } = await slotctl(argv);
    expect(stderr + stdout).not.toMatch(/s3|cret/);
    expect(code).toBe(2);
  });

  test('an empty password is none', async () => {
    expect(await slotctl(['check', 'h:1', '--askpass'], { secret: '' })).toMatchObject({
      code: 2,
      stderr: 'slotctl: no password was given\n',
    });
  });
});

describe('help', () => {
  test.each([['--help'], ['-h'], ['help'], ['check', '--help'], ['help', 'check']])(
    '%j goes to stdout and is no failure',
    async (...argv) => {
      const { code, stdout, stderr } = await slotctl(argv);
      expect(stdout).toContain('Usage: slotctl');
      expect(stderr).toBe('');
      expect(code).toBe(0);
    },
  );

  test('tells the exit codes', async () => {
    for (const argv of [['--help'], ['check', '--help']])
      expect((await slotctl(argv)).stdout).toMatch(
        /Exit codes:\n {2}0 .*\n {2}1 .*\n {2}2 .*\n {2}3 .*\n {2}4 .*\n {2}130 /,
      );
  });

  test('the version is that of the package', async () => {
    const { default: packageJson } = await import('../../package.json', { with: { type: 'json' } });
    expect(await slotctl(['--version'])).toEqual({ code: 0, stdout: `${packageJson.version}\n`, stderr: '' });
  });
});
