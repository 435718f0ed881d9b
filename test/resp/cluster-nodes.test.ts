import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeClusterNodes } from '../../src/resp/cluster-nodes.ts';
import { KnownLines } from '../../src/resp/known-lines.ts';
import { ReplyShapeError } from '../../src/resp/reply.ts';
import { isPrimary } from '../../src/topology/snapshot.ts';
import { capturedServers, reply } from '../support/fixtures.ts';

const decode = (text: string | Buffer) => decodeClusterNodes(Buffer.from(text));
const byHost = (name: string) =>
  new Map(decode(reply(name)).nodes.map(n => [n.address?.host ?? 'nowhere', n]));

describe.each(capturedServers)('CLUSTER NODES of %s', server => {
  test('healthy: three primaries share the slots, three replicas know theirs', () => {
    const { nodes, self, open } = decode(reply(`${server}/cluster-nodes-healthy`));
    const primaries = nodes.filter(isPrimary);
    expect(primaries.map(p => `${p.slots}`).sort()).toEqual(['0-5460', '10923-16383', '5461-10922']);
    expect(nodes.filter(n => n.role === 'replica').map(n => primaries.some(p => p.id === n.primary))).toEqual(
      [true, true, true],
    );
    expect(nodes.every(n => n.health === 'ok' && n.linked && n.address?.hostname === 'node.example')).toBe(
      true,
    );
    expect(nodes.every(n => n.address?.busPort !== n.address?.port)).toBe(true);
    expect(self).toMatchObject({ role: 'primary', configEpoch: 1, address: { host: '127.0.0.1' } });
    expect(open.migrating.size + open.importing.size).toBe(0);
  });

  test('open slots stand on the own line', () => {
    const { nodes, self, open } = decode(reply(`${server}/cluster-nodes-open-source`));
    const owner = (first: number) => nodes.find(n => isPrimary(n) && n.slots.has(first))?.id;
    expect([...open.migrating]).toEqual([[5, owner(5461)]]);
    expect([...open.importing]).toEqual([[16000, owner(10923)]]);
    expect(isPrimary(self) && `${self.slots}`).toBe('0-5460');
  });

  test('a handshake is a stranger', () => {
    const { nodes } = decode(reply(`${server}/cluster-nodes-handshake`));
    const strangers = nodes.filter(n => n.role === 'stranger');
    expect(strangers).toMatchObject([{ handshake: true, linked: false, address: { host: '127.0.0.9' } }]);
  });

  test('a dead node is failed and not linked', () => {
    const { nodes } = decode(reply(`${server}/cluster-nodes-failed`));
    expect(nodes.filter(n => n.health !== 'ok')).toMatchObject([
      { role: 'replica', health: 'failed', linked: false },
    ]);
  });

  test('a node that nobody has met has no address', () => {
    const { nodes, self } = decode(reply(`${server}/cluster-nodes-loner`));
    expect(nodes).toEqual([self]);
    expect(self.address).toBeUndefined();
    expect(self).toMatchObject({ role: 'primary', configEpoch: 0 });
  });

  test('IPv6 addresses stand without brackets', () => {
    const { nodes } = decode(reply(`${server}/cluster-nodes-ipv6`));
    expect(nodes.map(n => n.address?.host)).toEqual(['::1', '::1', '::1']);
  });
});

describe('older dialects', () => {
  test('Redis 3.0: no bus port, single slots, fail?, noaddr', () => {
    const nodes = byHost('by-hand/redis-3.0');
    expect(nodes.get('192.0.2.10')).toMatchObject({
      role: 'primary',
      address: { host: '192.0.2.10', port: 7000 },
    });
    expect(nodes.get('192.0.2.10')?.address).not.toHaveProperty('busPort');
    expect(`${(nodes.get('192.0.2.11') as { slots?: unknown }).slots}`).toBe('5461,5463-10922');
    expect(nodes.get('nowhere')).toMatchObject({ role: 'replica', health: 'failed' });
    expect([...decode(reply('by-hand/redis-3.0')).open.migrating.keys()]).toEqual([93]);
  });

  test('Redis 4.0: bus port, a replica without a primary, a node without flags', () => {
    const nodes = byHost('by-hand/redis-4.0');
    expect(nodes.get('192.0.2.10')?.address).toEqual({ host: '192.0.2.10', port: 7000, busPort: 17000 });
    expect(nodes.get('192.0.2.12')).toMatchObject({ role: 'replica' });
    expect(nodes.get('192.0.2.12')).not.toHaveProperty('primary');
    expect(nodes.get('192.0.2.13')).toMatchObject({ role: 'stranger', handshake: false });
    expect(nodes.get('nowhere')).toMatchObject({ role: 'primary' });
  });

  test('nodes.conf of 7.2: further fields beside the host name, and a line of variables', () => {
    const nodes = byHost('by-hand/redis-7.2-nodes-conf');
    expect(nodes.size).toBe(3);
    expect(nodes.get('192.0.2.12')?.address?.hostname).toBe('cache-2.example');
    expect(nodes.get('192.0.2.10')?.address).not.toHaveProperty('hostname');
    expect(nodes.get('cache-3.example')?.address).toMatchObject({ host: 'cache-3.example', port: 7002 });
  });
});

const ID = 'a'.repeat(40);
const OTHER = 'b'.repeat(40);
const own = `${ID} 127.0.0.1:7000@17000 myself,master - 0 0 1 connected`;

describe('where the speaker’s own bus listens', () => {
  const busPort = (line: string) => decode(line).busPort;

  test.each([
    ['where it is', own, 17000],
    ['before it knows its own address', own.replace('127.0.0.1:7000', ':7000'), 17000],
    ['before it knows even its port', own.replace('127.0.0.1:7000@17000', ':0@16999'), 16999],
    ['beside a host name', own.replace('@17000', '@17001,node.example'), 17001],
  ])('is told %s', (_, line, port) => {
    expect(busPort(line)).toBe(port);
  });

  test.each([
    ['by 3.0, which has no such field', own.replace('@17000', '')],
    ['where it stands as 0', own.replace('@17000', '@0')],
  ])('is not told %s', (_, line) => {
    expect(decode(line)).not.toHaveProperty('busPort');
  });

  test('is that of the speaker, not of others', () => {
    expect(busPort(`${OTHER} 127.0.0.1:7001@17001 master - 0 0 2 connected\n${own}`)).toBe(17000);
  });

  test.each(capturedServers)('is told by a lone node of %s', server => {
    const { self, busPort: told } = decode(reply(`${server}/cluster-nodes-loner`));
    expect(self.address).toBeUndefined();
    expect(told).toBeGreaterThan(0);
  });

  test('is told again by lines that were read before', () => {
    const known = new KnownLines();
    const twice = [1, 2].map(() => decodeClusterNodes(Buffer.from(own), known).busPort);
    expect(twice).toEqual([17000, 17000]);
  });
});

test('what Valkey says for a moment in the middle of a failover: a replica still has its slots', () => {
  const text = `${ID} 127.0.0.1:7000@17000 myself,slave ${OTHER} 0 0 1 connected 0-5460`;
  expect(decodeClusterNodes(Buffer.from(text)).self).toMatchObject({ role: 'replica', primary: OTHER });
});

describe('what no server says', () => {
  test.each([
    ['an empty reply', '', 'no node is flagged myself'],
    ['text', 'hello', "'hello' is not a line about a node"],
    ['nobody is myself', own.replace('myself,', ''), 'no node is flagged myself'],
    ['two are', `${own}\n${own.replace(ID, OTHER)}`, 'two nodes are flagged myself'],
    ['a node twice', `${own}\n${own.replace('myself,', '')}`, 'is listed twice'],
    ['a short id', own.replace(ID, 'abc'), 'a malformed node id'],
    ['a slot too high', `${own} 16384`, "a malformed slot range '16384'"],
    ['a range that runs down', `${own} 9-3`, "a malformed slot range '9-3'"],
    ['a port too high', own.replace('7000@', '70000@'), 'a port above 65535'],
    ['no port', own.replace('127.0.0.1:7000@17000', '127.0.0.1'), 'a malformed address'],
    ['a host that would paint the terminal', own.replace('127.0.0.1', '\u001b[31m'), 'a malformed host'],
    ['an epoch in words', own.replace(' 1 connected', ' one connected'), 'a malformed epoch'],
    ['an unknown link state', own.replace('connected', 'perhaps'), 'an unknown link state'],
    ['a primary id that is none', own.replace('master -', 'slave me'), 'a malformed primary id'],
    ['a broken bracket', `${own} [5->-${OTHER}`, 'a malformed open slot'],
    ['an open slot too high', `${own} [99999->-${OTHER}]`, 'a malformed open slot'],
  ])('%s is refused with a reason', (_, text, reason) => {
    expect(() => decode(text)).toThrow(reason);
    expect(() => decode(text)).toThrow(ReplyShapeError);
  });

  test('anything at all: a result or a ReplyShapeError', () => {
    const word = fc.oneof(
      fc.string(),
      fc.constantFrom(
        ID,
        OTHER,
        '127.0.0.1:1@2',
        'myself,master',
        '-',
        '0',
        '1',
        'connected',
        '0-5',
        `[5->-${ID}]`,
      ),
    );
    const line = fc.oneof(
      fc.constant(own),
      fc.array(word, { maxLength: 12 }).map(words => words.join(' ')),
    );
    fc.assert(
      fc.property(fc.array(line, { maxLength: 4 }), lines => {
        try {
          decode(lines.join('\n'));
        } catch (error) {
          expect(error).toBeInstanceOf(ReplyShapeError);
        }
      }),
    );
  });

  test('a truncated reply: a result or a ReplyShapeError', () => {
    const whole = reply('redis-7.0/cluster-nodes-open-source').toString();
    for (let length = 0; length < whole.length; length++) {
      try {
        decode(whole.slice(0, length));
      } catch (error) {
        expect(error).toBeInstanceOf(ReplyShapeError);
      }
    }
  });
});

describe('lines that were read before', () => {
  const line = (id: string, more = 'master - 0 100 2 connected 0-5') => `${id} 127.0.0.1:7001@17001 ${more}`;
  const third = 'c'.repeat(40);
  const self = (id: string, more = 'myself,master - 0 0 2 connected 0-5') => line(id, more);
  const read = (known: KnownLines, ...lines: string[]) =>
    decodeClusterNodes(Buffer.from(`${lines.join('\n')}\n`), known);

  test('make one list of replies that say the same, whatever their order, their times, and who speaks', () => {
    const known = new KnownLines();
    const first = read(known, self(ID), line(OTHER), line(third));
    const later = read(known, line(third, 'master - 7 999999 2 connected 0-5'), line(ID), self(OTHER));
    expect(later.nodes).toBe(first.nodes);
    expect(first.self.id).toBe(ID);
    expect(later.self.id).toBe(OTHER);
  });

  test('do not hide open slots, which only the speaker tells', () => {
    const known = new KnownLines();
    const first = read(known, self(ID), line(OTHER));
    const later = read(known, `${self(ID)} [3->-${OTHER}]`, line(OTHER));
    expect(later.nodes).toBe(first.nodes);
    expect([...later.open.migrating]).toEqual([[3, OTHER]]);
    expect(first.open.migrating.size).toBe(0);
  });

  test.each([
    ['slots', 'master - 0 100 2 connected 0-6'],
    ['more slots', 'master - 0 100 2 connected 0-5 7'],
    ['no slots', 'master - 0 100 2 connected'],
    ['the epoch', 'master - 0 100 3 connected 0-5'],
    ['flags', 'master,fail - 0 100 2 connected 0-5'],
    ['the link', 'master - 0 100 2 disconnected 0-5'],
    ['the role', `slave ${ID} 0 100 2 connected`],
  ])('are not taken for others that differ in %s', (_, more) => {
    const known = new KnownLines();
    const first = read(known, self(ID), line(OTHER));
    const later = read(known, self(ID), line(OTHER, more));
    expect(later.nodes).not.toBe(first.nodes);
    expect(later.nodes).toEqual(decode(`${self(ID)}\n${line(OTHER, more)}\n`).nodes);
    expect(read(known, self(ID), line(OTHER)).nodes).toBe(first.nodes);
  });

  test('nor a list for one that has a node more', () => {
    const known = new KnownLines();
    const first = read(known, self(ID), line(OTHER));
    expect(read(known, self(ID), line(OTHER), line(third)).nodes).toHaveLength(3);
    expect(read(known, self(ID), line(OTHER)).nodes).toBe(first.nodes);
  });

  test('change nothing about what is refused', () => {
    const known = new KnownLines();
    read(known, self(ID), line(OTHER));
    expect(() => read(known, self(ID), line(OTHER), line(OTHER))).toThrow('is listed twice');
    expect(() => read(known, line(OTHER), line(ID))).toThrow('no node is flagged myself');
    expect(() => read(known, self(ID), line(OTHER).slice(0, 60))).toThrow('is not a line about a node');
  });

  test('with them every reply reads as without them', () => {
    const words = fc.constantFrom(
      'master - 0 100 2 connected 0-5',
      'master - 1 5 2 connected 0-5',
      `slave ${ID} 3 4 2 connected`,
      'master,fail? - 0 0 2 disconnected',
      'handshake - 0 0 0 disconnected',
    );
    const reply = fc.record({ first: words, second: words, flip: fc.boolean() });
    fc.assert(
      fc.property(fc.array(reply, { minLength: 1, maxLength: 8 }), replies => {
        const known = new KnownLines();
        for (const { first, second, flip } of replies) {
          const lines = [self(ID), line(OTHER, first), line(third, second)];
          if (flip) lines.reverse();
          const { nodes } = read(known, ...lines);
          const byId = (list: readonly { id: string }[]) => [...list].sort((a, b) => (a.id < b.id ? -1 : 1));
          expect(byId(nodes)).toEqual(byId(decode(lines.join('\n')).nodes));
        }
      }),
    );
  });
});
