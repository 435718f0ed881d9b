/** What may be said of a server's words when passwords are at hand. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { anyCommand } from '../../src/resp/commands/call.ts';
import { auth, info } from '../../src/resp/commands/cluster.ts';
import { Secret, scrubbed } from '../../src/resp/credentials.ts';
import { ConnectError } from '../../src/resp/errors.ts';
import { excerpt } from '../../src/resp/reply.ts';
import { withoutEcho } from '../../src/resp/secrecy.ts';

const password = new Secret('kX9/vQ2"m%7Lz');
const login = auth({ user: 'ops', password });
const WITHHELD = '(the rest is withheld: it may repeat the password)';

describe('a refusal of a login', () => {
  test.each([
    'WRONGPASS invalid username-password pair or user is disabled.',
    'NOAUTH Authentication required.',
    "NOPERM this user has no permissions to run the 'auth' command",
    "NOPERM User ops has no permissions to run the 'auth' command",
    'ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?',
    'ERR invalid password',
    "ERR wrong number of arguments for 'auth' command",
    'LOADING Redis is loading the dataset in memory',
    'LOADING Valkey is loading the dataset in memory',
    'BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.',
  ])('is told in the words that servers have for it: %s', text => {
    expect(withoutEcho(login, text)).toBe(text);
  });

  test.each([
    ['WRONGPASS kX9/vQ2"m%7Lz is wrong', `WRONGPASS ${WITHHELD}`],
    ['WRONGPASS invalid username-password pair or user is disabled. kX9/v', `WRONGPASS ${WITHHELD}`],
    ['NOAUTH you said k X 9', `NOAUTH ${WITHHELD}`],
    ['NOPERM zL7%m', `NOPERM ${WITHHELD}`],
    ["ERR unknown command 'AUTH', with args beginning with: 'kX9", `ERR ${WITHHELD}`],
    ['KXQVMLZ', `ERR ${WITHHELD}`],
    ['loading kX9', `ERR ${WITHHELD}`],
    [
      'ERR Target instance replied with error: WRONGPASS kX9',
      `ERR Target instance replied with error: WRONGPASS ${WITHHELD}`,
    ],
  ])('has no other words: %s', (text, told) => {
    expect(withoutEcho(login, text)).toBe(told);
  });

  test('is one, whichever command gets the answer', () => {
    expect(withoutEcho(info(), 'WRONGPASS k-X-9')).toBe(`WRONGPASS ${WITHHELD}`);
    expect(withoutEcho(info(), 'NOAUTH Authentication required.')).toBe('NOAUTH Authentication required.');
    expect(withoutEcho(info(), 'ERR something else')).toBe('ERR something else');
  });
});

describe('a secret, wherever it was given', () => {
  test.each([
    ['whole', 'ERR kX9/vQ2"m%7Lz no'],
    ['cut at its end', 'ERR no: kX9/vQ2"m'],
    ['cut at its beginning', 'ERR no: …/vQ2"m%7Lz'],
    ['in a URI', 'ERR redis://ops:kX9%2FvQ2%22m%257Lz@h'],
    ['in a URI, in small letters', 'ERR redis://ops:kX9%2fvQ2%22m%257Lz@h'],
    ['every byte escaped', 'ERR %6B%58%39%2F%76%51%32%22%6D%25%37%4C%7A'],
    ['as JSON', 'ERR "kX9/vQ2\\"m%7Lz"'],
    ['in bytes', 'ERR "\\x6b\\x58\\x39\\x2f\\x76\\x51\\x32\\x22\\x6d\\x25\\x37\\x4c\\x7a"'],
  ])('is not repeated: %s', (_, text) => {
    const told = withoutEcho(info(), text);
    expect(told).toContain('***');
    expect(told).not.toMatch(/vQ2|76%51|x76|7Lz|x4c/);
  });

  test('of a command that sets one', () => {
    anyCommand(['CONFIG', 'SET', 'masterauth', 'tulip-wagon-91']);
    anyCommand(['ACL', 'SETUSER', 'bob', 'on', '>orange-rocket-17']);
    expect(scrubbed("ERR 'tulip-wagon-91' and 'orange-rocket-17'")).toBe("ERR '***' and '***'");
  });

  test('is gone before a text is cut, wherever that is', () => {
    fc.assert(
      fc.property(fc.nat({ max: 80 }), fc.integer({ min: 10, max: 80 }), (before, length) => {
        const told = excerpt(`${'.'.repeat(before)}${password.reveal()}${'.'.repeat(40)}`, length);
        expect(told).not.toMatch(/[kXvQmLz]/);
      }),
    );
  });

  test('of a few letters is left where it stands: it is in half of all words', () => {
    new Secret('err');
    expect(scrubbed('ERR err')).toBe('ERR err');
  });
});

test('nothing that a terminal acts upon is in what is said of a node', () => {
  expect(new ConnectError('h:1', 'for \u001b[2J\u009b31m\nanother').message).toBe('for  [2J 31m another');
});
