import { describe, expect, test } from 'vitest';
import { type Command, commandName } from '../../../src/resp/command.ts';
import {
  addSlots,
  configGet,
  delSlots,
  forget,
  functionDump,
  functionLibraries,
  functionRestore,
  meet,
  replicate,
  reset,
  setConfigEpoch,
  shutdown,
} from '../../../src/resp/commands/membership.ts';
import { ErrorReply, type Reply, ReplyShapeError } from '../../../src/resp/reply.ts';
import { nodeId } from '../../../src/topology/node.ts';
import { SlotSet } from '../../../src/topology/slot-set.ts';

const ID = 'a'.repeat(40);
const id = nodeId(ID);
const dump = Buffer.from([0xf5, 0x00, 0x0d, 0x0a]);

const commands: [Command<unknown>, words: (string | Buffer)[], name: string][] = [
  [
    meet({ ip: '10.0.0.1', port: 7000, busPort: 17000 }),
    ['CLUSTER', 'MEET', '10.0.0.1', '7000'],
    'CLUSTER MEET',
  ],
  [
    // Only where it has to be: servers before 4.0 do not know the third argument.
    meet({ ip: '::1', port: 7000, busPort: 9000 }),
    ['CLUSTER', 'MEET', '::1', '7000', '9000'],
    'CLUSTER MEET',
  ],
  [setConfigEpoch(7), ['CLUSTER', 'SET-CONFIG-EPOCH', '7'], 'CLUSTER SET-CONFIG-EPOCH'],
  [
    addSlots(SlotSet.parse('0-5460,7,9000-9001'), true),
    ['CLUSTER', 'ADDSLOTSRANGE', '0', '5460', '9000', '9001'],
    'CLUSTER ADDSLOTSRANGE',
  ],
  [addSlots(SlotSet.parse('3'), true), ['CLUSTER', 'ADDSLOTSRANGE', '3', '3'], 'CLUSTER ADDSLOTSRANGE'],
  [addSlots(SlotSet.parse('3,5-7'), false), ['CLUSTER', 'ADDSLOTS', '3', '5', '6', '7'], 'CLUSTER ADDSLOTS'],
  [
    delSlots(SlotSet.parse('1-3,9'), true),
    ['CLUSTER', 'DELSLOTSRANGE', '1', '3', '9', '9'],
    'CLUSTER DELSLOTSRANGE',
  ],
  [delSlots(SlotSet.parse('1-2'), false), ['CLUSTER', 'DELSLOTS', '1', '2'], 'CLUSTER DELSLOTS'],
  [replicate(id), ['CLUSTER', 'REPLICATE', ID], 'CLUSTER REPLICATE'],
  [forget(id), ['CLUSTER', 'FORGET', ID], 'CLUSTER FORGET'],
  [reset('soft'), ['CLUSTER', 'RESET', 'SOFT'], 'CLUSTER RESET'],
  [reset('hard'), ['CLUSTER', 'RESET', 'HARD'], 'CLUSTER RESET'],
  [shutdown(), ['SHUTDOWN'], 'SHUTDOWN'],
  [configGet('tls-cluster'), ['CONFIG', 'GET', 'tls-cluster'], 'CONFIG GET'],
  [functionLibraries(), ['FUNCTION', 'LIST', 'WITHCODE'], 'FUNCTION LIST'],
  [functionDump(), ['FUNCTION', 'DUMP'], 'FUNCTION DUMP'],
  [functionRestore(dump), ['FUNCTION', 'RESTORE', dump, 'REPLACE'], 'FUNCTION RESTORE'],
];

describe('the words on the wire', () => {
  test.each(commands)('$args', (command, words, name) => {
    expect(command.args).toEqual(words);
    expect(commandName(command)).toBe(name);
    expect(command.secret).toBeUndefined();
  });

  test('16384 single slots for a server without ranges', () => {
    const { args } = addSlots(SlotSet.all, false);
    expect(args).toHaveLength(2 + 16384);
    expect(args.at(-1)).toBe('16383');
  });
});

const bulk = (text: string) => Buffer.from(text);

describe('a change', () => {
  const changes = commands
    .map(([command, , name]) => ({ name, decode: command.decode }))
    .filter(({ name }) => !['CONFIG GET', 'FUNCTION LIST', 'FUNCTION DUMP'].includes(name));

  test.each(changes)('$name is done where the server says OK', ({ decode }) => {
    expect(decode(bulk('OK'))).toBeUndefined();
  });

  test.each(changes)('$name is not, whatever else it says', ({ decode }) => {
    for (const reply of [bulk('QUEUED'), bulk('ok'), 1, null, [], new ErrorReply('ERR')]) {
      expect(() => decode(reply)).toThrow(ReplyShapeError);
    }
  });
});

describe('CONFIG GET', () => {
  const { decode } = configGet('tls-cluster');

  test('is the value, empty or not', () => {
    expect(decode([bulk('tls-cluster'), bulk('yes')])).toBe('yes');
    expect(decode([bulk('cluster-announce-ip'), bulk('')])).toBe('');
  });

  test('is nothing where the server does not have the setting', () => {
    expect(decode([])).toBeUndefined();
  });

  test.each<[string, Reply]>([
    ['text', bulk('yes')],
    ['nothing', null],
    ['a value that is nothing', [bulk('tls-cluster'), null]],
    ['a value that is a number', [bulk('tls-cluster'), 1]],
  ])('is not %s', (_, reply) => {
    expect(() => decode(reply)).toThrow(ReplyShapeError);
  });
});

describe('FUNCTION LIST', () => {
  const { decode } = functionLibraries();
  /** As servers answer; `functions` holds further lists. */
  const library = (name: string, code: string): Reply => [
    bulk('library_name'),
    bulk(name),
    bulk('engine'),
    bulk('LUA'),
    bulk('functions'),
    [[bulk('name'), bulk('library_code'), bulk('description'), null, bulk('flags'), []]],
    bulk('library_code'),
    bulk(code),
  ];

  test('is the code of every library, by name', () => {
    expect(decode([])).toEqual(new Map());
    const two = decode([library('f', '#!lua name=f\n…'), library('library_code', 'engine')]);
    expect([...two]).toEqual([
      ['f', '#!lua name=f\n…'],
      ['library_code', 'engine'],
    ]);
  });

  test('finds its fields in any order, and among those that later versions may have', () => {
    const reversed = [bulk('library_code'), bulk('c'), bulk('x'), 1, bulk('library_name'), bulk('f')];
    expect(decode([reversed])).toEqual(new Map([['f', 'c']]));
  });

  test.each<[string, Reply]>([
    ['text', bulk('f')],
    ['nothing', null],
    ['a library that is text', [bulk('f')]],
    ['a library without code', [[bulk('library_name'), bulk('f')]]],
    ['a library without a name', [[bulk('library_code'), bulk('c')]]],
    ['a field without a value', [[bulk('library_code'), bulk('c'), bulk('library_name')]]],
    ['code that is a number', [[bulk('library_name'), bulk('f'), bulk('library_code'), 1]]],
    ['names of fields that are numbers', [[1, bulk('f')]]],
  ])('is not %s', (_, reply) => {
    expect(() => decode(reply)).toThrow(ReplyShapeError);
  });
});

describe('FUNCTION DUMP', () => {
  test('is bytes, as they are', () => {
    expect(functionDump().decode(dump)).toBe(dump);
    expect(() => functionDump().decode(null)).toThrow(ReplyShapeError);
    expect(() => functionDump().decode(7)).toThrow('expected a string, got the integer 7');
  });
});
