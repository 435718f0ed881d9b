import { describe, expect, test } from 'vitest';
import {
  anyCommand,
  getNodeTimeout,
  objectionTo,
  rewriteConfig,
  secretsAmong,
  setNodeTimeout,
} from '../../../src/resp/commands/call.ts';
import { ErrorReply } from '../../../src/resp/reply.ts';
import { ReplyReader } from '../../../src/resp/reply-reader.ts';

describe('a command that a person wrote', () => {
  test('goes out word by word, and whatever comes back is its reply', () => {
    const command = anyCommand(['set', 'k', '-1']);
    expect(command.args).toEqual(['set', 'k', '-1']);
    expect(command.secret).toBeUndefined();
    const error = new ErrorReply('ERR x');
    for (const reply of [null, 1, Buffer.from('x'), error, [null, [error]]])
      expect(command.decode(reply)).toBe(reply);
  });

  test.each([
    ['auth pw', [1]],
    ['AUTH user pw', [2]],
    ['hello 2 auth user pw', [4]],
    ['CONFIG SET requirepass pw maxmemory 1 masterauth pw2', [3, 7]],
    ['config set primaryauth pw tls-key-file-pass pw', [3, 5]],
    ['CONFIG GET requirepass', []],
    ['acl setuser joe on >pw #hash ~* +@all', [4, 5]],
    ['MIGRATE h 1 k 0 1 AUTH pw', [7]],
    ['MIGRATE h 1 k 0 1 AUTH2 user pw', [8]],
    ['SENTINEL SET m auth-pass pw', [4]],
    ['sentinel set m quorum 2 auth-user joe auth-pass pw', [8]],
    ['SENTINEL CONFIG SET sentinel-pass pw', [4]],
    ['SENTINEL CONFIG SET resolve-hostnames yes sentinel-pass pw', [6]],
    ['SENTINEL GET-MASTER-ADDR-BY-NAME auth-pass', []],
    ['MODULE LOADEX /m.so CONFIG m.password pw ARGS x', [5]],
    ['ACL SETUSER joe <pw !hash', [3, 4]],
    ['HELLO 2 SETNAME me AUTH user pw', [6]],
    ['HELLO 2 AUTH', []],
    ['AUTH', []],
    ['SET auth pw', []],
  ])('secrets in %s', (text, expected) => {
    expect(secretsAmong(text.split(' '))).toEqual(expected);
  });

  test('secrets in a command that is one word', () => {
    expect(secretsAmong(['config set requirepass pw'])).toEqual([0]);
    expect(secretsAmong([' AUTH  pw'])).toEqual([0]);
    expect(secretsAmong(['config get requirepass'])).toEqual([]);
  });

  test.each([
    'subscribe c',
    'PSUBSCRIBE c',
    'SSUBSCRIBE c',
    'UNSUBSCRIBE',
    'monitor',
    'SYNC',
    'psync ? -1',
    'REPLCONF ACK 0',
    'CLIENT REPLY OFF',
    'HELLO 3',
  ])('%s is not sent', text => {
    expect(objectionTo(text.split(' '))).toBeDefined();
  });

  test.each(['ping', 'HELLO', 'HELLO 2', 'CLIENT LIST', 'BLPOP k 0', 'publish c m'])('%s is', text => {
    expect(objectionTo(text.split(' '))).toBeUndefined();
  });
});

test('the node timeout: the words on the wire', () => {
  expect(getNodeTimeout().args).toEqual(['CONFIG', 'GET', 'cluster-node-timeout']);
  expect(setNodeTimeout(5000).args).toEqual(['CONFIG', 'SET', 'cluster-node-timeout', '5000']);
  expect(rewriteConfig().args).toEqual(['CONFIG', 'REWRITE']);
  const refused = [Buffer.from('QUEUED'), 1, null];
  for (const reply of refused) expect(() => rewriteConfig().decode(reply)).toThrow();
});

describe('replies of which nobody knows what they are', () => {
  const wire = Buffer.from('*3\r\n:9223372036854775807\r\n:-5\r\n*1\r\n:1\r\n:9007199254740993\r\n+OK\r\n');

  test('integers beyond what a number holds come digit by digit, the others as numbers', () => {
    const exact = new ReplyReader({ exactIntegers: true });
    expect(exact.push(wire)).toEqual([
      [Buffer.from('9223372036854775807'), -5, [1]],
      Buffer.from('9007199254740993'),
      Buffer.from('OK'),
    ]);
  });

  test('a reply has a limit', () => {
    const reader = new ReplyReader({ maxReplyBytes: 20 });
    expect(() => reader.push(Buffer.from('$100\r\nx'))).toThrow('a reply of more than 20 bytes');
  });
});
