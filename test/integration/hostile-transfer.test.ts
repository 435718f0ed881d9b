/**
 * Commands that read much from servers, or let them say much: one that means harm gets a clear word for it, and what it
 * sends is neither kept nor waited for without end.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, type TestContext, test } from 'vitest';
import { type Run, slotctl, slotctlProcess } from '../support/run-slotctl.ts';
import { bulk, type Flood, ScriptedNode } from '../support/scripted-node.ts';
import { removeFolder, tempFolder } from '../support/temp-folder.ts';

let folder: string;
beforeAll(() => {
  folder = tempFolder('hostile');
});
afterAll(() => removeFolder(folder));

async function node(t: TestContext, isCluster = true): Promise<ScriptedNode> {
  const started = await ScriptedNode.alone({ isCluster });
  t.onTestFinished(() => started.close());
  return started;
}

/** In little memory, and with little patience. */
function run(...words: string[]): Promise<Run> {
  return slotctlProcess([...words, '--reply-timeout', '2'], {
    env: { NODE_OPTIONS: '--max-old-space-size=256' },
    cwd: folder,
  });
}

function expectClearWords({ code, stdout, stderr }: Run): void {
  const said = stdout + stderr;
  expect(said).not.toMatch(/bug in slotctl|^ +at /m);
  expect(said).toContain('[ERR]');
  expect(said.length).toBeLessThan(10_000);
  expect(code).toBe(1);
}

const MANY = 1_000_000;

const FLOODS: readonly (Flood & { readonly name: string })[] = [
  { name: 'an array that never ends', begin: '*4000000\r\n', again: ':1\r\n'.repeat(10_000), times: MANY },
  {
    name: 'arrays without end in an array',
    begin: '*900000\r\n',
    again: '*9\r\n:1\r\n'.repeat(9000),
    times: MANY,
  },
  { name: 'a string that never ends', begin: '$900000000\r\n', again: 'x'.repeat(60_000), times: MANY },
  { name: 'a giant length', begin: '$99999999999999\r\n', again: '', times: 0 },
  { name: 'a giant array', begin: '*2147483647\r\n', again: '', times: 0 },
  { name: 'arrays in arrays', begin: '*1\r\n'.repeat(100_000), again: '', times: 0 },
  { name: 'a line that never ends', begin: '+', again: 'x'.repeat(60_000), times: MANY },
  { name: 'no protocol at all', begin: 'HTTP/1.1 400 Bad Request\r\n\r\n', again: '', times: 0 },
];

describe.concurrent('a flood in place of a reply', () => {
  test.for(FLOODS)('call: $name', async (flood, t) => {
    const hostile = await node(t);
    hostile.floods.set('PING', flood);
    const ended = await run('call', hostile.address, 'PING');
    expect(ended.stdout).toContain(`${hostile.address}: Failed!`);
    expectClearWords(ended);
  });

  test.for(FLOODS.slice(0, 3))('import, from a server by itself: $name', async (flood, t) => {
    const [cluster, source] = await Promise.all([node(t), node(t, false)]);
    source.floods.set('SCAN', flood);
    expectClearWords(await run('import', cluster.address, '--cluster-from', source.address, '--yes'));
  });

  test('set-timeout', async t => {
    const hostile = await node(t);
    for (const { name, ...flood } of FLOODS.slice(0, 2)) {
      hostile.floods.set('CONFIG', flood);
      const ended = await run('set-timeout', hostile.address, '1000');
      expect(ended.stdout, name).toContain('0 OK, 1 ERR.');
      expect(ended.code, name).toBe(1);
    }
  });
});

describe('SCAN', () => {
  test.for([
    ['no array', ':1\r\n'],
    ['an empty array', '*0\r\n'],
    ['a cursor that is no number', '*2\r\n$1\r\nx\r\n*0\r\n'],
    ['a cursor below zero', '*2\r\n$2\r\n-1\r\n*0\r\n'],
    ['a cursor of too many digits', `*2\r\n${bulk('9'.repeat(21))}*0\r\n`],
    ['no keys', '*1\r\n$1\r\n7\r\n'],
    ['a key that is an array', '*2\r\n$1\r\n0\r\n*1\r\n*0\r\n'],
    ['a key that is missing', '*2\r\n$1\r\n0\r\n*1\r\n$-1\r\n'],
  ] as const)('%s', async ([, reply], t) => {
    const [cluster, source] = await Promise.all([node(t), node(t, false)]);
    source.answers.set('SCAN 0 COUNT 1000', reply);
    expectClearWords(
      await slotctl(['import', cluster.address, '--cluster-from', source.address, '--yes', '--cluster-copy']),
    );
  });

  const CIRCLE: readonly (readonly [asked: string, next: string])[] = [
    ['0', '7'],
    ['7', '8'],
    ['8', '9'],
    ['9', '7'],
  ];

  test('cursors that go round in a circle', async t => {
    const [cluster, source] = await Promise.all([node(t), node(t, false)]);
    for (const count of [1000, 2000, 4000, 8000, 16_000])
      for (const [asked, next] of CIRCLE)
        source.answers.set(`SCAN ${asked} COUNT ${count}`, `*2\r\n${bulk(next)}*0\r\n`);
    const words = ['import', cluster.address, '--cluster-from', source.address, '--yes'];
    const ended = await slotctl(words);
    expectClearWords(ended);
    expect(ended.stderr).toContain('does not come to an end');
  });
});

describe('backup', () => {
  const FULL = `+FULLRESYNC ${'c'.repeat(40)} 0\r\n`;
  const RDB = 'REDIS0011';

  test.for<[name: string, Flood]>([
    [
      'data without end that are none',
      { begin: `${FULL}$EOF:${'d'.repeat(40)}\r\n`, again: 'x'.repeat(60_000), times: MANY },
    ],
    [
      'a length that is given and not kept to',
      { begin: `${FULL}$99999999\r\n`, again: 'x'.repeat(60_000), times: MANY },
    ],
    ['a length beyond all measure', { begin: `${FULL}$${'9'.repeat(30)}\r\n`, again: RDB, times: 1 }],
    ['a length below zero', { begin: `${FULL}$-5\r\n`, again: RDB, times: 1 }],
    ['a mark that is too short', { begin: `${FULL}$EOF:abc\r\n`, again: RDB, times: 1 }],
    ['an answer that never ends', { begin: '+FULLRESYNC ', again: 'c'.repeat(60_000), times: MANY }],
    ['an answer of another kind', { begin: '*2147483647\r\n', again: '', times: 0 }],
    ['data that end right away', { begin: `${FULL}$0\r\n`, again: '', times: 0 }],
    [
      'the beginning of a file, and then anything',
      { begin: `${FULL}$100000\r\n${RDB}`, again: '\xff'.repeat(60_000), times: 2 },
    ],
    ['the data of an older log', { begin: '+CONTINUE\r\n', again: '*1\r\n$4\r\nPING\r\n', times: 100 }],
  ])('%s', async ([name, flood], t) => {
    const hostile = await node(t);
    hostile.floods.set('PSYNC', flood);
    hostile.floods.set('SYNC', flood);
    const into = join(folder, name);
    expectClearWords(await slotctl(['backup', hostile.address, into]));
    // Nothing that could be taken for a backup, whole or half.
    expect(readdirSync(into)).toEqual([]);
  });

  test('of nobody makes no folder', async () => {
    const into = join(folder, 'nobody');
    expect((await slotctl(['backup', '127.0.0.1:1', into])).code).toBe(3);
    expect(existsSync(into)).toBe(false);
  });
});
