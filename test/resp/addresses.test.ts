import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AddressMap } from '../../src/resp/address-map.ts';
import { parseAddress, parseUri } from '../../src/resp/parse-address.ts';
import { InputError } from '../../src/topology/input-error.ts';
import { formatAddress } from '../../src/topology/node.ts';

describe('an address', () => {
  test.each([
    ['127.0.0.1:7000', { host: '127.0.0.1', port: 7000 }],
    ['cache-1.example:7000', { host: 'cache-1.example', port: 7000 }],
    ['127.0.0.1:7000@17000', { host: '127.0.0.1', port: 7000, busPort: 17000 }],
    ['127.0.0.1:60000@5000', { host: '127.0.0.1', port: 60000, busPort: 5000 }],
    ['[::1]:7000', { host: '::1', port: 7000 }],
    ['::1:7000', { host: '::1', port: 7000 }],
    ['[2001:db8::7]:7000@17000', { host: '2001:db8::7', port: 7000, busPort: 17000 }],
    ['2001:db8::7:7000@17000', { host: '2001:db8::7', port: 7000, busPort: 17000 }],
  ])('%s', (text, address) => {
    expect(parseAddress(text)).toEqual(address);
  });

  test.each([
    '',
    '7000',
    'host',
    'host:',
    ':7000',
    'host:0',
    'host:65536',
    'host:7000x',
    'a b:7000',
    'a:b:7000',
    'host:1@0',
    '[::1]',
    '::1',
    '[host:7000',
  ])('%j is none', text => {
    expect(() => parseAddress(text)).toThrow(InputError);
  });

  test('survives being written and read', () => {
    const host = fc.oneof(fc.ipV4(), fc.ipV6(), fc.domain());
    fc.assert(
      fc.property(host, fc.integer({ min: 1, max: 65535 }), (name, port) => {
        expect(parseAddress(formatAddress({ host: name, port }))).toEqual({ host: name, port });
      }),
    );
  });
});

describe('a URI', () => {
  test.each([
    ['redis://127.0.0.1:7000', { address: { host: '127.0.0.1', port: 7000 }, tls: false }],
    ['valkey://cache.example', { address: { host: 'cache.example', port: 6379 }, tls: false }],
    ['rediss://cache.example:7000/0', { address: { host: 'cache.example', port: 7000 }, tls: true }],
    ['valkeys://[::1]:7000', { address: { host: '::1', port: 7000 }, tls: true }],
    [
      'redis://ops:p%40ss%3A@h:1',
      { address: { host: 'h', port: 1 }, tls: false, user: 'ops', password: 'p@ss:' },
    ],
    ['redis://:pass@h:1', { address: { host: 'h', port: 1 }, tls: false, password: 'pass' }],
    ['redis://pass@h:1', { address: { host: 'h', port: 1 }, tls: false, password: 'pass' }],
    ['redis://ops:@h:1', { address: { host: 'h', port: 1 }, tls: false, user: 'ops' }],
  ])('%s', (text, parts) => {
    expect(parseUri(text)).toEqual(parts);
  });

  test.each(['redis://', 'http://h:1', 'redis://h:0', 'redis://h:99999', 'redis://a:%zz@h:1', 'redis:// h'])(
    '%j is none',
    text => {
      expect(() => parseUri(text)).toThrow(InputError);
    },
  );

  test('a malformed one is not repeated: it may hold a password', () => {
    expect(() => parseUri('redis://ops:s3cret@h:99999')).not.toThrow('s3cret');
    expect(() => parseUri('redis://ops:s3cret@:1')).not.toThrow('s3cret');
  });
});

describe('an address map', () => {
  const map = AddressMap.parse(`
    # the bastion forwards a port for each node
    10.0.0.1:6379=bastion:7001, 10.0.0.2:6379=bastion:7002
    10.0.1.1=192.0.2.1
    [fd00::1]:6379=[::1]:7003
  `);

  test.each([
    ['10.0.0.1:6379', 'bastion:7001'],
    ['10.0.0.2:6379', 'bastion:7002'],
    ['10.0.0.2:6380', '10.0.0.2:6380'],
    ['10.0.1.1:6379', '192.0.2.1:6379'],
    ['10.0.1.1:7777', '192.0.2.1:7777'],
    ['[fd00::1]:6379', '[::1]:7003'],
    ['10.9.9.9:1', '10.9.9.9:1'],
  ])('%s is reached at %s, and told to servers as before', (internal, external) => {
    expect(formatAddress(map.toExternal(parseAddress(internal)))).toBe(external);
    expect(formatAddress(map.toInternal(parseAddress(external)))).toBe(internal);
  });

  test('the line that applies is named, and what a person types is an address at either side', () => {
    const line = (text: string) => map.lineFor(parseAddress(text));
    expect(line('10.0.0.1:6379')).toBe('10.0.0.1:6379=bastion:7001');
    expect(line('10.0.1.1:7777')).toBe('10.0.1.1=192.0.2.1');
    expect(line('10.9.9.9:1')).toBeUndefined();
    const reachable = (text: string) => formatAddress(map.toReachable(parseAddress(text)));
    expect(reachable('10.0.0.1:6379')).toBe('bastion:7001');
    expect(reachable('bastion:7001')).toBe('bastion:7001');
    expect(reachable('10.9.9.9:1')).toBe('10.9.9.9:1');
    // Crossed lines: an address that is reached as it is typed stays so.
    const crossed = AddressMap.parse('a:1=b:1,b:1=a:1');
    expect(formatAddress(crossed.toReachable(parseAddress('a:1')))).toBe('a:1');
  });

  test('host name and bus port stay with the node', () => {
    const node = { host: '10.0.0.1', port: 6379, busPort: 16379, hostname: 'n1.example' };
    expect(map.toExternal(node)).toEqual({
      host: 'bastion',
      port: 7001,
      busPort: 16379,
      hostname: 'n1.example',
    });
  });

  test.each(['10.0.0.1', 'a=b=c', '=b', 'a:1=b', 'a=b:1', 'a:0=b:1'])('%j is no pair', text => {
    expect(() => AddressMap.parse(text)).toThrow(InputError);
  });
});
