import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Command, commandName, encodeCommands, showWords } from '../../../src/resp/command.ts';
import {
  auth,
  clusterNodes,
  clusterState,
  countKeysInSlot,
  dbsize,
  info,
} from '../../../src/resp/commands/cluster.ts';
import { Secret, scrubbed } from '../../../src/resp/credentials.ts';
import { ReplyFramer } from '../../../src/resp/framer.ts';
import { slot } from '../../../src/topology/slot-set.ts';

const password = new Secret('s3cret');

const commands: [Command<unknown>, words: string[], name: string, shown: string][] = [
  [auth({ password }), ['AUTH', 's3cret'], 'AUTH', 'AUTH ***'],
  [auth({ user: 'ops', password }), ['AUTH', 'ops', 's3cret'], 'AUTH', 'AUTH ops ***'],
  [info(), ['INFO'], 'INFO', 'INFO'],
  [clusterNodes(), ['CLUSTER', 'NODES'], 'CLUSTER NODES', 'CLUSTER NODES'],
  [clusterState(), ['CLUSTER', 'INFO'], 'CLUSTER INFO', 'CLUSTER INFO'],
  [dbsize(), ['DBSIZE'], 'DBSIZE', 'DBSIZE'],
  [
    countKeysInSlot(slot(16383)),
    ['CLUSTER', 'COUNTKEYSINSLOT', '16383'],
    'CLUSTER COUNTKEYSINSLOT',
    'CLUSTER COUNTKEYSINSLOT 16383',
  ],
];

describe('the words on the wire', () => {
  test.each(commands)('$args', (command, words, name, shown) => {
    expect(command.args).toEqual(words);
    expect(commandName(command)).toBe(name);
    expect(showWords(command)).toBe(shown);
  });

  test('are encoded as arrays of bulk strings, with lengths in bytes', () => {
    expect(
      encodeCommands([{ args: ['SET', 'ключ', Buffer.from([0, 13, 10, 255])] }]).toString('latin1'),
    ).toBe(
      `*3\r\n$3\r\nSET\r\n$8\r\n${Buffer.from('ключ').toString('latin1')}\r\n$4\r\n\u0000\r\n\u00ff\r\n`,
    );
  });

  test('several at once are those of each, in order', () => {
    const text = fc.oneof(
      fc.string(),
      fc.uint8Array().map(bytes => Buffer.from(bytes)),
    );
    const commands = fc.array(fc.record({ args: fc.array(text, { minLength: 1, maxLength: 4 }) }), {
      maxLength: 4,
    });
    fc.assert(
      fc.property(commands, all => {
        expect(encodeCommands(all)).toEqual(Buffer.concat(all.map(one => encodeCommands([one]))));
      }),
    );
  });

  test('whatever the bytes, they make one frame', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array(), { minLength: 1, maxLength: 5 }), words => {
        const encoded = encodeCommands([{ args: words.map(word => Buffer.from(word)) }]);
        expect(new ReplyFramer().push(encoded)).toEqual(encoded);
      }),
    );
  });

  test('bytes are shown escaped', () => {
    expect(showWords({ args: ['GET', Buffer.from([0x1b, 0x5b, 0x22])] })).toBe('GET "\\u001b[\\""');
    expect(showWords({ args: ['GET', Buffer.from([0x9b])] })).toBe('GET "\\u009b"');
  });
});

describe('a secret', () => {
  test('does not show itself by accident', async () => {
    const { inspect } = await import('node:util');
    for (const shown of [
      `${password}`,
      JSON.stringify({ password }),
      inspect({ password }),
      inspect(auth({ password }).secret),
    ]) {
      expect(shown).not.toContain('s3cret');
    }
    expect(password.reveal()).toBe('s3cret');
  });

  test('is taken out of what a server echoes', () => {
    expect(scrubbed("ERR unknown command 'AUTH', with args beginning with: 's3cret'")).not.toContain(
      's3cret',
    );
    new Secret('');
    expect(scrubbed('as it is')).toBe('as it is');
    // One letter stands in half of all words, and its gaps would spell it.
    new Secret('p');
    expect(scrubbed('no permissions')).toBe('no permissions');
  });
});
