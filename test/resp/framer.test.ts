import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DEFAULT_LIMITS, FramingError, ReplyFramer } from '../../src/resp/framer.ts';
import { ReplyBudget } from '../../src/resp/reply-bounds.ts';
import { ReplyReader } from '../../src/resp/reply-reader.ts';

const MODEST = { maxReplyBytes: 1000, maxElements: 50, maxErrors: 10, maxDepth: 4 };

/** Feeds the text cut into pieces of the given size; each run of whole replies as it comes out. */
function frame(text: string, pieceSize = text.length, limits = DEFAULT_LIMITS): string[] {
  const framer = new ReplyFramer(limits);
  const bytes = Buffer.from(text);
  const runs: string[] = [];
  for (let at = 0; at < bytes.length; at += pieceSize) {
    const run = framer.push(bytes.subarray(at, at + pieceSize));
    if (run) runs.push(String(run));
  }
  return runs;
}

/** Everything comes out, and never a part of a reply. */
function expectWhole(runs: readonly string[], replies: readonly string[]): void {
  expect(runs.join('')).toBe(replies.join(''));
  const ends = (texts: readonly string[]) => texts.map((_, i) => texts.slice(0, i + 1).join('').length);
  const allowed = new Set(ends(replies));
  expect(ends(runs).filter(end => !allowed.has(end))).toEqual([]);
}

describe('replies are found', () => {
  const cases: [what: string, replies: string[]][] = [
    ['a simple string', ['+OK\r\n']],
    ['an error', ['-ERR no\r\n']],
    ['integers', [':0\r\n', ':-42\r\n', ':9223372036854775807\r\n']],
    ['a bulk string that holds line ends', ['$8\r\na\r\n+b\r\nc\r\n']],
    ['an empty bulk string and nil', ['$0\r\n\r\n', '$-1\r\n']],
    ['an empty array and a nil one', ['*0\r\n', '*-1\r\n']],
    ['nested arrays', ['*2\r\n*2\r\n:1\r\n$1\r\na\r\n*1\r\n*0\r\n', '+next\r\n']],
    ['bytes that are no text', ['$3\r\n\u0000\u0001\u007f\r\n']],
    ['many at once', ['+1\r\n', '$2\r\nab\r\n', '*1\r\n:7\r\n', '-E\r\n']],
  ];

  test.each(cases)('%s: whole, byte by byte, and in pieces of three', (_, replies) => {
    expect(frame(replies.join(''))).toEqual([replies.join('')]);
    expect(frame(replies.join(''), 1)).toEqual(replies);
    expectWhole(frame(replies.join(''), 3), replies);
  });

  test('however the stream is cut', () => {
    const reply: fc.Memo<string> = fc.memo(depth => {
      const leaf = fc.oneof(
        fc.integer().map(n => `:${n}\r\n`),
        fc.string({ unit: fc.constantFrom('a', '\r', '\n', '$', '*') }).map(s => `$${s.length}\r\n${s}\r\n`),
        fc.constant('$-1\r\n'),
        fc.constant('+OK\r\n'),
      );
      if (depth <= 1) return leaf;
      return fc.oneof(
        leaf,
        fc.array(reply(depth - 1), { maxLength: 4 }).map(all => `*${all.length}\r\n${all.join('')}`),
      );
    });
    fc.assert(
      fc.property(fc.array(reply(3), { maxLength: 5 }), fc.integer({ min: 1, max: 9 }), (replies, size) => {
        expectWhole(frame(replies.join(''), size), replies);
      }),
    );
  });
});

describe('what no server sends is refused before it costs memory', () => {
  test.each([
    ['a web server', 'HTTP/1.1 400 Bad Request\r\n', "a reply that begins with 'H'"],
    ['a TLS alert', '\u0015\u0003\u0001', 'a reply that begins with byte 21'],
    ['a length in words', '$abc\r\n', 'a number that is none'],
    ['an empty length', '*\r\n', 'a number that is none'],
    ['a length below nil', '$-2\r\n', 'a negative length'],
    ['a giant string', '$99999999999\r\n', 'a reply of more than 1000 bytes'],
    ['a giant number', `:${'9'.repeat(30)}\r\n`, 'a number that is none'],
    ['a giant array', '*4000000000\r\n', 'a reply of more than 50 elements'],
    ['many small arrays', '*20\r\n'.repeat(4), 'a reply of more than 50 elements'],
    ['many errors', `*20\r\n${'-E\r\n'.repeat(20)}`, 'a reply of more than 10 errors'],
    ['deep arrays', '*1\r\n'.repeat(5), 'arrays nested too deep'],
    ['a line feed alone', '+OK\n', 'a line that does not end in CR LF'],
  ])('%s', (_, text, reason) => {
    expect(() => frame(text, text.length, MODEST)).toThrow(reason);
    expect(() => frame(text, 1, MODEST)).toThrow(FramingError);
  });

  test('a line without an end', () => {
    expect(() => frame(`+${'x'.repeat(70_000)}`, 1000)).toThrow('a line without an end');
  });

  test('limits count for each reply, not for the stream', () => {
    const replies = Array.from({ length: 20 }, () => `$100\r\n${'x'.repeat(100)}\r\n`);
    expect(frame(replies.join(''), 7, MODEST)).toEqual(replies);
  });

  test('anything at all ends in replies, in waiting, or in a FramingError', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('$', '*', ':', '+', '-', '1', '9', '\r\n', 'x') }),
        text => {
          try {
            frame(text, 2, MODEST);
          } catch (error) {
            expect(error).toBeInstanceOf(FramingError);
          }
        },
      ),
    );
  });
});

describe('closer bounds of single replies', () => {
  const bounds = (place: number) => (place === 1 ? { maxReplyBytes: 20, maxElements: 2 } : undefined);

  test('hold for that reply, wherever the chunks end', () => {
    const [long, short] = [`$100\r\n${'x'.repeat(100)}\r\n`, '$5\r\nshort\r\n'];
    expect(String(new ReplyFramer().push(Buffer.from(long + short + long), bounds))).toBe(
      long + short + long,
    );
    for (const tooLong of ['$100\r\n', '*3\r\n', '*1\r\n*2\r\n'])
      expect(() => new ReplyFramer().push(Buffer.from(long + tooLong), bounds)).toThrow(
        /a reply of more than (20|2) /,
      );
    const framer = new ReplyFramer();
    framer.push(Buffer.from(`${long}$`), bounds);
    // The rest of it is the first thing in the next chunk.
    expect(() => framer.push(Buffer.from('100\r\n'), () => undefined)).toThrow(
      'a reply of more than 20 bytes',
    );
  });

  test('do not lift the limits of the connection', () => {
    const framer = new ReplyFramer(MODEST);
    const generous = () => ({ maxReplyBytes: 1e9, maxElements: 1e9 });
    expect(() => framer.push(Buffer.from('$2000\r\n'), generous)).toThrow('a reply of more than 1000 bytes');
  });
});

describe('what has arrived of all replies together', () => {
  const half = Buffer.from(`$1000\r\n${'x'.repeat(500)}`);
  const rest = Buffer.from(`${'x'.repeat(500)}\r\n`);
  const readers = (budget: ReplyBudget, on: string[]) =>
    ['a', 'b', 'c'].map(name => {
      const reader: ReplyReader = new ReplyReader({ budget }, () => {
        if (!reader.isWaiting) on.push(name);
      });
      return reader;
    }) as [ReplyReader, ReplyReader, ReplyReader];

  test('has a limit: who brings more waits until another reply is whole, or its connection is over', () => {
    const on: string[] = [];
    const [a, b, c] = readers(new ReplyBudget(1200), on);
    for (const reader of [a, b, c]) reader.push(half);
    expect([a, b, c].map(reader => reader.isWaiting)).toEqual([false, false, true]);
    expect(a.push(rest)).toHaveLength(1);
    expect([on, c.isWaiting]).toEqual([['c'], false]);
    a.push(half);
    expect(a.isWaiting).toBe(true);
    b.end();
    expect([on, a.isWaiting]).toEqual([['c', 'a'], false]);
  });

  test('never keeps all of them waiting', () => {
    const on: string[] = [];
    const [a, b, c] = readers(new ReplyBudget(1200), on);
    for (const reader of [a, b, c]) reader.push(half);
    const some = Buffer.from('x'.repeat(300));
    for (const reader of [a, b]) reader.push(some);
    expect([a, b, c].map(reader => reader.isWaiting)).toEqual([true, false, true]);
    expect(b.push(Buffer.from(`${'x'.repeat(200)}\r\n`))).toHaveLength(1);
    // Still too much for both.
    expect(on).toEqual(['c']);
    expect(c.push(rest)).toHaveLength(1);
    expect(on).toEqual(['c', 'a']);
  });

  test('one by itself that is larger is refused', () => {
    const reader = new ReplyReader({ budget: new ReplyBudget(1200) });
    expect(() => reader.push(Buffer.from(`$2000\r\n${'x'.repeat(1500)}`))).toThrow(
      'a reply of more than 1200 bytes',
    );
  });
});
