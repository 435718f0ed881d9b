/** The limits that docs/security.md promises are those that hold. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };
import { CALL_LIMITS } from '../../src/live/call-nodes.ts';
import { MOST_RESCUED_BYTES } from '../../src/live/keys/rescue-file.ts';
import { MAX_NODES, MAX_PLACES } from '../../src/live/look/inspect.ts';
import { DEFAULT_LIMITS } from '../../src/resp/framer.ts';
import { MAX_KEPT } from '../../src/resp/known-lines.ts';
import {
  ALL_REPLIES,
  MAX_LINES,
  MAX_NODE_LINES,
  NODE_LIST,
  SLOT_STATS,
  SMALL_REPLY,
} from '../../src/resp/reply-bounds.ts';

const text = readFileSync(new URL('../../docs/security.md', import.meta.url), 'utf8');
const mb = (bytes: number) => `${bytes / 1024 / 1024} MB`;
const count = (number: number) => (number < 10_000 ? `${number}` : number.toLocaleString('en-US'));

test.each([
  ['INFO, CLUSTER INFO', [mb(SMALL_REPLY.maxReplyBytes), count(SMALL_REPLY.maxElements), count(MAX_LINES)]],
  ['CLUSTER SLOT-STATS', [mb(SLOT_STATS.maxReplyBytes), count(SLOT_STATS.maxElements)]],
  ['CLUSTER NODES', [mb(NODE_LIST.maxReplyBytes), count(MAX_NODE_LINES)]],
  ['nodes that all nodes together name', [count(MAX_NODES), count(MAX_PLACES)]],
  ['different lines about nodes', [count(MAX_KEPT)]],
  ['any other reply', [mb(DEFAULT_LIMITS.maxReplyBytes), count(DEFAULT_LIMITS.maxElements)]],
  ['a key with its value that is kept in a rescue file', [mb(MOST_RESCUED_BYTES)]],
  ['a reply to `call`', [mb(CALL_LIMITS.maxReplyBytes), count(CALL_LIMITS.maxElements)]],
  ['what has arrived of replies', [mb(ALL_REPLIES.maxBytes)]],
  ['arrays in arrays', [`${DEFAULT_LIMITS.maxDepth} deep`]],
])('%s', (what, limits) => {
  const row = text.split('\n').find(line => line.startsWith(`| ${what}`)) ?? '';
  for (const limit of limits) expect(row).toContain(limit);
});

test('the package has it', () => {
  expect(packageJson.files).toContain('docs');
});
