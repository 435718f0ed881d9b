/** argv in, options or wrong usage out, for `call` and `set-timeout`. Nothing is connected to. */
import { describe, expect, test } from 'vitest';
import { type CallOptions, callCommand } from '../../src/commands/call.ts';
import { type SetTimeoutOptions, setTimeoutCommand } from '../../src/commands/set-timeout.ts';
import { readOptions } from '../support/read-options.ts';
import { slotctl } from '../support/run-slotctl.ts';

const call = async (...argv: string[]) => (await readOptions<CallOptions>(callCommand, argv)).options;

describe('what call understands', () => {
  test.each<[string[], Partial<CallOptions>]>([
    [['h:1', 'dbsize'], { words: ['dbsize'], json: false }],
    [['h:1', 'set', 'k', '-1'], { words: ['set', 'k', '-1'] }],
    [['h:1', 'CONFIG', 'SET', 'x', '-1'], { words: ['CONFIG', 'SET', 'x', '-1'] }],
    [['h:1', 'zrangebyscore', 'k', '-inf', '-0.5'], { words: ['zrangebyscore', 'k', '-inf', '-0.5'] }],
    [['h:1', 'xrange', 'k', '-', '+'], { words: ['xrange', 'k', '-', '+'] }],
    [['h:1', '--cluster-only-masters', 'dbsize'], { words: ['dbsize'], only: 'primary' }],
    [['h:1', 'dbsize', '--cluster-only-masters'], { words: ['dbsize'], only: 'primary' }],
    [['--cluster-only-primaries', 'h:1', 'dbsize'], { words: ['dbsize'], only: 'primary' }],
    [['h:1', 'dbsize', '--only-primaries'], { words: ['dbsize'], only: 'primary' }],
    [['h:1', 'get', 'a', '--cluster-only-replicas', 'b'], { words: ['get', 'a', 'b'], only: 'replica' }],
    [['h:1', 'dbsize', '--only-replicas', '--json'], { only: 'replica', json: true }],
    [['h:1', '--', 'set', '--json', '--only-primaries'], { words: ['set', '--json', '--only-primaries'] }],
    [['h:1', '--json', 'set', 'k', '--', '-a', '-inf'], { words: ['set', 'k', '-a', '-inf'], json: true }],
    [['h:1', 'set', 'k', ''], { words: ['set', 'k', ''] }],
    [['-u', 'redis://h:1', 'dbsize'], { words: ['dbsize'] }],
    [['-s', '/s', 'get', 'k'], { words: ['get', 'k'] }],
  ])('%j', async (argv, expected) => {
    expect(await call(...argv)).toMatchObject(expected);
  });

  test.each([
    [[]],
    [['h:1']],
    [['h:1', 'subscribe', 'c']],
    [['h:1', 'MONITOR']],
    [['h:1', 'flushall', '--cluster-only-master']],
    [['h:1', 'get', '-foo']],
    [['h:1', 'dbsize', '--only-primaries', '--only-replicas']],
    [['nothing', 'dbsize']],
  ])('wrong usage: %j', async argv => {
    const { code, stdout, stderr } = await slotctl(['call', ...argv]);
    expect(stdout).toBe('');
    expect(stderr).not.toBe('');
    expect(code).toBe(2);
  });

  test('through main, behind -- as well', async () => {
    const { code, stderr } = await slotctl(['call', '127.0.0.1:1', '--', 'set', 'k', '--json']);
    expect(stderr).toContain('127.0.0.1:1');
    expect(code).toBe(3);
  });

  test('what belongs to the server and looks like an option: the complaint says where to put it', async () => {
    const { stderr } = await slotctl(['call', 'h:1', 'get', '--k']);
    expect(stderr).toContain("unknown option '--k'");
    expect(stderr).toContain('stands behind --');
  });
});

describe('what set-timeout understands', () => {
  test.each<[string[], Partial<SetTimeoutOptions>]>([
    [['h:1', '5000'], { timeoutMs: 5000, dryRun: false, json: false }],
    [['h', '1', '100', '--dry-run', '--json'], { timeoutMs: 100, dryRun: true, json: true }],
  ])('%j', async (argv, expected) => {
    const { options } = await readOptions<SetTimeoutOptions>(setTimeoutCommand, argv);
    expect(options).toMatchObject(expected);
  });

  test.each([[[]], [['h:1']], [['h:1', '99']], [['h:1', '1e3']], [['h:1', '86400001']], [['h:1', '-5']]])(
    'wrong usage: %j',
    async argv => {
      const { code, stdout } = await slotctl(['set-timeout', ...argv]);
      expect(stdout).toBe('');
      expect(code).toBe(2);
    },
  );

  test('a timeout that harms is refused in the words that scripts know', async () => {
    const { stderr } = await slotctl(['set-timeout', 'h:1', '99']);
    expect(stderr).toContain('Setting a node timeout of less than 100 milliseconds is a bad idea.');
  });
});
