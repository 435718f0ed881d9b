/** What nodes answered, for pipes, for terminals and for programs. */
import { describe, expect, test } from 'vitest';
import { callDocumentEntry, callDocumentHead, callDocumentTail } from '../../../src/report/json/call.ts';
import { plain } from '../../../src/report/paint.ts';
import { type Answered, answerBytes, answerText, callHeading } from '../../../src/report/text/call.ts';
import { nodeId } from '../../../src/topology/node.ts';
import type { Called } from '../../../src/topology/node-order.ts';

const node: Called = { id: nodeId('a'.repeat(40)), address: { host: 'h', port: 7 }, role: 'primary' };
const bulk = (text: string) => Buffer.from(text);
const error = { text: 'ERR no ' };
const bytes = Buffer.from([0xff, 0x00, 0x41]);
const escapeCode = bulk('\u001b[2Jx\r\ny\tz\u009bq\u202e');

describe('in a pipe', () => {
  test.each<[Answered, string]>([
    [null, 'h:7: \n'],
    [-5, 'h:7: -5\n'],
    [bulk('PONG'), 'h:7: PONG\n'],
    [[], 'h:7: \n'],
    [[1, [bulk('a'), [null, 2]], bulk('b')], 'h:7: 1\na\n\n2\nb\n'],
    // redis-cli puts an empty line behind an error, and scripts that count lines know it.
    [error, 'h:7: ERR no \n\n'],
    [[error, 1], 'h:7: ERR no \n\n1\n'],
  ])('%j', (reply, expected) => {
    expect(answerBytes(node, reply).toString()).toBe(expected);
  });

  test('bytes are bytes', () => {
    expect(answerBytes(node, bytes)).toEqual(Buffer.concat([bulk('h:7: '), bytes, bulk('\n')]));
  });
});

test('on a terminal nothing moves the cursor', () => {
  expect(answerText(node, bytes)).toBe('h:7: \\xff\\x00A\n');
  expect(answerText(node, escapeCode)).toBe('h:7: \\x1b[2Jx\ny\tz\\x9bq\\u{202e}\n');
  expect(answerText(node, [bulk('ä'), error])).toBe('h:7: ä\nERR no \n\n');
  expect(callHeading(['get', '\u001b[2J'], plain)).toBe('>>> Calling get \\x1b[2J\n');
});

test('for programs there is one document, in plain characters', () => {
  const silent: Called = { id: nodeId('b'.repeat(40)), role: 'stranger', silence: 'x' };
  const text = [
    callDocumentHead(['get', 'k']),
    callDocumentEntry(node, { reply: [1, null, bytes, error, [escapeCode]] }, true),
    callDocumentEntry(node, { reply: error }, false),
    callDocumentEntry(silent, { reason: 'x' }, false),
    callDocumentTail(2, true),
  ].join('');
  expect(text).toMatch(/^[\x20-\x7e\n]*\n$/);
  const place = { id: node.id, address: 'h:7', role: 'primary' };
  expect(JSON.parse(text)).toEqual({
    format: 'slotctl-call',
    version: 1,
    command: ['get', 'k'],
    nodes: [
      { ...place, ok: true, reply: [1, null, { base64: '/wBB' }, { error: 'ERR no ' }, [`${escapeCode}`]] },
      { ...place, ok: false, error: 'ERR no ' },
      { id: silent.id, role: 'stranger', ok: false, reason: 'x' },
    ],
    failed: 2,
    interrupted: true,
  });
  expect(JSON.parse(callDocumentHead(['x']) + callDocumentTail(0, false))).toMatchObject({
    nodes: [],
    failed: 0,
  });
});
