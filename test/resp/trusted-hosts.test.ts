import { describe, expect, test } from 'vitest';
import { TrustedHosts } from '../../src/resp/trusted-hosts.ts';
import { InputError } from '../../src/topology/input-error.ts';

const at = (host: string, hostname?: string) => ({
  host,
  port: 7000,
  ...(hostname !== undefined && { hostname }),
});

describe('which hosts are trusted', () => {
  test.each([
    ['10.0.0.0/8', '10.1.2.3', true],
    ['10.0.0.0/8', '11.1.2.3', false],
    ['192.168.1.0/24,10.0.0.7', '10.0.0.7', true],
    ['192.168.1.0/24,10.0.0.7', '10.0.0.8', false],
    ['10.0.0.0/8', '::ffff:10.1.2.3', true],
    ['10.0.0.0/8', 'evil.example', false],
    ['0.0.0.0/0', '1.2.3.4', true],
    ['fd00::/8', 'fd12::1', true],
    ['fd00::/8', 'fe80::1', false],
    ['[fd00::1]', 'fd00:0:0:0:0:0:0:1', true],
    ['fe80::/10', 'fe80::1%lo', true],
    ['example.com', 'example.com', true],
    ['.example.com', 'cache.EXAMPLE.com.', true],
    ['example.com', 'notexample.com', false],
    ['example.com', 'example.com.evil.org', false],
    ['example.com', '10.1.2.3', false],
    // getaddrinfo takes these for 127.0.0.1.
    ['local', '127.1', false],
    ['0.0.0.1', '0x7f000001', false],
  ])('%s: %s', (list, host, trusted) => {
    expect(TrustedHosts.parse(list).trusts(at(host), false)).toBe(trusted);
  });

  test('an announced name counts where the certificate has to prove it, and nowhere else', () => {
    const names = TrustedHosts.parse('.example.com');
    expect(names.trusts(at('10.0.0.1', 'cache.example.com'), true)).toBe(true);
    expect(names.trusts(at('10.0.0.1', 'cache.example.com'), false)).toBe(false);
    expect(names.trusts(at('10.0.0.1', 'cache.evil.org'), true)).toBe(false);
  });

  test.each([
    '',
    ',',
    '10.0.0.0/33',
    'fd00::/129',
    '10.0.0/8',
    'a b',
    '*.example.com',
    '300.1.1.1',
    '/8',
    'http://h',
  ])('not a list of hosts: %j', text => {
    expect(() => TrustedHosts.parse(text)).toThrow(InputError);
  });
});
