/** The words on the wire, exactly, by which keys are found elsewhere, and what is read out of the replies. */
import { describe, expect, test } from 'vitest';
import { type Command, showWords } from '../../../src/resp/command.ts';
import { runId, scan, sourceInfo, unlink } from '../../../src/resp/commands/import.ts';
import { migrate } from '../../../src/resp/commands/slots.ts';
import { Secret } from '../../../src/resp/credentials.ts';
import { withoutEcho } from '../../../src/resp/secrecy.ts';

const key = Buffer.from([0x6b, 0x00, 0xff]);

test.each<[Command<unknown>, string]>([
  [scan('18446744073709551615', 500), 'SCAN 18446744073709551615 COUNT 500'],
  [sourceInfo(), 'INFO'],
  [runId(), 'INFO server'],
  [unlink([Buffer.from('a'), Buffer.from('b')]), 'UNLINK a b'],
])('%#', (command, words) => {
  expect(showWords(command)).toBe(words);
});

describe('SCAN', () => {
  test('a cursor of 64 bits stays whole, and keys are bytes', () => {
    const found = scan('0', 1).decode([Buffer.from('18446744073709551615'), [key]]);
    expect(found).toEqual({ cursor: '18446744073709551615', keys: [key] });
  });

  test.each(['', '-1', '1e3', '7 ', '123456789012345678901'])('%j is no cursor', cursor => {
    expect(() => scan('0', 1).decode([Buffer.from(cursor), []])).toThrow('no cursor');
  });
});

describe('INFO', () => {
  const text = (lines: readonly string[]) => Buffer.from(['redis_version:7.0.15', ...lines, ''].join('\r\n'));

  test('databases by number, and what else is asked of a source', () => {
    const lines = [
      'run_id:abc',
      'role:master',
      'expired_keys:5',
      'evicted_keys:2',
      'cluster_enabled:1',
      'db10:keys=3,expires=0,avg_ttl=0',
      'db2:keys=7,expires=1,avg_ttl=9',
    ];
    expect(sourceInfo().decode(text(lines))).toMatchObject({
      isCluster: true,
      runId: 'abc',
      evicted: 2,
      keyspace: [
        { database: 2, keys: 7 },
        { database: 10, keys: 3 },
      ],
    });
    expect(runId().decode(text(lines))).toBe('abc');
  });

  test('an old server that tells none of it', () => {
    expect(sourceInfo().decode(text([]))).toMatchObject({
      isCluster: false,
      runId: '',
      keyspace: [],
    });
  });
});

test('MIGRATE that copies', () => {
  const request = { host: 'h', port: 7, database: 0, keys: [key], timeoutMs: 100 };
  expect(migrate({ ...request, copy: true, replace: true }).args.slice(6)).toEqual([
    'COPY',
    'REPLACE',
    'KEYS',
    key,
  ]);
});

describe('what the target of a MIGRATE says', () => {
  const password = new Secret('s3cret');
  const request = { host: 'h', port: 7, database: 0, keys: [key], timeoutMs: 100, replace: false };
  const command = migrate({ ...request, credentials: { password } });
  const said = (text: string) => withoutEcho(command, `ERR Target instance replied with error: ${text}`);

  test.each([
    'BUSYKEY Target key name already exists.',
    'MOVED 866 127.0.0.1:7001',
    'ASK 866 127.0.0.1:7001',
    'CLUSTERDOWN Hash slot not served',
    'WRONGPASS invalid username-password pair or user is disabled.',
    'ERR DUMP payload version or checksum are wrong',
  ])('is heard although the command holds a password: %s', text => {
    expect(said(text)).toContain(text);
  });

  test('but not where it may repeat the password', () => {
    expect(said("ERR unknown command 'AUTH' with args 's3cr")).not.toContain('s3cr');
  });
});
