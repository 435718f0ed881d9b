/**
 * A server that means harm, or a port behind which something else is: what it says is refused with a clear word, and
 * costs neither the process nor much memory.
 */
import { createServer } from 'node:net';
import fc from 'fast-check';
import { describe, expect, onTestFinished, type TestContext, test } from 'vitest';
import { decodeClusterNodes } from '../../src/resp/cluster-nodes.ts';
import { KnownLines } from '../../src/resp/known-lines.ts';
import { listen, portOf } from '../support/listen.ts';
import { type Run, slotctl, slotctlProcess } from '../support/run-slotctl.ts';
import { bulk, pour, ScriptedNode } from '../support/scripted-node.ts';

const COMMANDS: readonly string[][] = [
  ['check'],
  ['check', '--json'],
  ['info'],
  ['rebalance', '--dry-run'],
  ['forget-failed', '--dry-run'],
  ['place-replicas', '--dry-run'],
  ['reshard', '--slots', '0', '--cluster-to', 'a'.repeat(40), '--dry-run'],
  ['failover', 'a'.repeat(40), '--dry-run'],
  ['failover', '--of', 'a'.repeat(40), '--force', '--dry-run'],
  ['rolling-failover', '--all', '--dry-run'],
  ['call', 'PING'],
  ['set-timeout', '1000'],
  ['import', '--cluster-from', '127.0.0.1:1', '--dry-run'],
];

function expectClearWords({ code, stdout, stderr }: Run, words: string): void {
  const said = `${words}: ${stdout}${stderr}`;
  expect(said).not.toContain('bug in slotctl');
  expect([0, 1, 3, 4], said).toContain(code);
  // Nothing that a terminal would act upon.
  expect([...stdout, ...stderr].filter(isControl), said).toEqual([]);
}

describe('CLUSTER NODES that contradicts itself', () => {
  const ID = (digit: string) => digit.repeat(40);
  const ids = fc.constantFrom(ID('a'), ID('b'), ID('c'), ID('d'));
  const flags: fc.Arbitrary<string[]> = fc.subarray([
    'master',
    'slave',
    'fail',
    'fail?',
    'handshake',
    'noaddr',
    'nofailover',
    'noflags',
  ]);
  /** Mostly well-formed, so that what is wrong is found late. */
  const mostly = (good: readonly string[], bad: readonly string[]) =>
    fc.oneof(
      { weight: 40, arbitrary: fc.constantFrom(...good) },
      { weight: 1, arbitrary: fc.constantFrom(...bad) },
    );
  const ranges = mostly(
    ['0-16383', '0-5', '3-9', '16383', '7'],
    ['9-3', '16384', '-1', '0-99999999999', 'x'],
  );
  const marks = fc
    .tuple(mostly(['0', '7', '16383'], ['16384', '']), fc.constantFrom('>', '<'), ids)
    .map(([slot, way, peer]) => `[${slot}-${way}-${peer}]`);
  const epochs = mostly(['0', '1', '2', '18446744073709551615'], ['-1', '']);

  const line = (own: boolean, port: number) =>
    fc
      .record({
        id: ids,
        place: mostly(
          [`127.0.0.1:${port}@1`, '127.0.0.1:1@2', ':0@0'],
          ['127.0.0.1:99999@1', '', '\u001b[2J:1@1'],
        ),
        flags: own ? fc.constantFrom<string[]>(['master'], ['slave'], ['noflags']) : flags,
        primary: fc.oneof(fc.constant('-'), ids),
        epoch: epochs,
        link: fc.constantFrom('connected', 'disconnected'),
        slots: fc.array(ranges, { maxLength: 2 }),
        marks: fc.array(marks, { maxLength: own ? 2 : 0 }),
      })
      .map(n => {
        const words = [...(own ? ['myself'] : []), ...n.flags].join(',') || 'noflags';
        const slots = n.flags.includes('master') && !n.flags.includes('slave') ? n.slots : [];
        return [n.id, n.place, words, n.primary, '0 0', n.epoch, n.link, ...slots, ...n.marks].join(' ');
      });

  test('whatever it claims, every command ends in words', async () => {
    const node = await ScriptedNode.listen();
    onTestFinished(() => node.close());
    const nodes = fc
      .tuple(line(true, node.port), fc.array(line(false, node.port), { maxLength: 4 }))
      .map(([own, others]) => [own, ...others])
      // A node that is listed twice is refused at once; now and then is enough.
      .chain(lines =>
        fc.boolean().map(twice => (twice && lines.length < 4 ? lines : onePerId(lines)).join('\n')),
      );
    await fc.assert(
      fc.asyncProperty(nodes, fc.constantFrom(...COMMANDS), async (text, [command = '', ...rest]) => {
        node.answers.set('CLUSTER NODES', bulk(`${text}\n`));
        const words = [command, node.address, ...rest, '--connect-timeout', '1', '--reply-timeout', '1'];
        expectClearWords(await slotctl(words), `${words.join(' ')}\n${text}`);
      }),
      { numRuns: 260 },
    );
  });
});

function onePerId(lines: readonly string[]): string[] {
  return [...new Map([...lines].reverse().map(line => [line.split(' ')[0], line])).values()].reverse();
}

function isControl(character: string): boolean {
  return character !== '\n' && (character < ' ' || character === '\x7f');
}

/** Replies without end, or of a size that nobody needs. */
const FLOODS: readonly (readonly [name: string, begin: string, again: string, times: number])[] = [
  ['an array that never ends', '*4000000\r\n', ':1\r\n'.repeat(10_000), 1_000_000],
  ['a string that never ends', '$67000000\r\n', 'x'.repeat(60_000), 1_000_000],
  ['a giant length', '$99999999999999\r\n', '', 0],
  ['a giant array', '*2147483647\r\n', '', 0],
  ['arrays in arrays', '*1\r\n'.repeat(100_000), '', 0],
  ['millions of errors', '*4000000\r\n', '-ERR no\r\n'.repeat(10_000), 400],
  ['a line that never ends', '+', 'x'.repeat(60_000), 1_000_000],
];

describe.concurrent('a flood', () => {
  test.each(FLOODS)('%s', async (_, begin, again, times) => {
    const server = createServer(socket => {
      socket.on('error', () => {}).once('data', () => pour(socket, { begin, again, times }));
    });
    await listen(server);
    try {
      const run = await slotctlProcess(['check', `127.0.0.1:${portOf(server)}`], {
        env: { NODE_OPTIONS: '--max-old-space-size=256' },
      });
      expectClearWords(run, 'check');
      expect(run.code).toBe(3);
    } finally {
      server.close();
    }
  });
});

const ID = (digits: string) => digits.padStart(40, '0');

async function scripted(t: TestContext): Promise<ScriptedNode> {
  const node = await ScriptedNode.listen();
  t.onTestFinished(() => node.close());
  node.answers.set('CLUSTER NODES', bulk(ownLine(node)));
  return node;
}

const ownLine = (node: ScriptedNode) =>
  `${ID('1')} ${node.address}@1 myself,master - 0 0 1 connected 0-16383\n`;
const others = (count: number, where: (i: number) => string) =>
  Array.from(
    { length: count },
    (_, i) => `${ID((i + 2).toString(16))} ${where(i)}@1 master - 0 0 ${i} connected\n`,
  ).join('');

describe('more than what was asked for can be', () => {
  test.each([
    ['INFO', bulk(`redis_version:7.0.15\r\n${'x'.repeat(9_000_000)}`), 'a reply of more than 8388608 bytes'],
    ['INFO', bulk(`redis_version:7.0.15\r\n${'x:1\r\n'.repeat(20_000)}`), 'more than 16384 lines'],
    ['INFO', `*200000\r\n${':1\r\n'.repeat(200_000)}`, 'a reply of more than 131072 elements'],
    [
      'CLUSTER INFO',
      bulk(`cluster_state:ok\r\n${'x'.repeat(9_000_000)}`),
      'a reply of more than 8388608 bytes',
    ],
    ['DBSIZE', bulk('1'.repeat(9_000_000)), 'a reply of more than 8388608 bytes'],
    ['CLUSTER NODES', bulk('x'.repeat(5_000_000)), 'a reply of more than 4194304 bytes'],
    ['CLUSTER NODES', bulk(others(3100, () => '127.0.0.1:1')), 'more than 3000 lines, each of a node'],
    [
      'CLUSTER NODES',
      bulk(`${ID('1')} h:1@1 myself,master - 0 0 1 connected${' 7'.repeat(40_000)}\n`),
      'more ranges than there are slots',
    ],
  ])('%s: %#', async (command, answer, reason) => {
    const node = await ScriptedNode.listen();
    onTestFinished(() => node.close());
    node.answers.set('CLUSTER NODES', bulk(ownLine(node)));
    node.answers.set(command, answer);
    const run = await slotctl(['check', node.address]);
    expect(run.stderr).toContain(reason);
    expect(run).toMatchObject({ code: 3, stdout: '' });
  });

  test('lines that differ in every reply are not kept for ever', () => {
    const known = new KnownLines();
    const lineOf = (i: number) => `${ID(i.toString(16))} h:1@1 master - 0 0 1 connected\n`;
    const node = decodeClusterNodes(Buffer.from(lineOf(1).replace('master', 'myself,master'))).self;
    expect(() => {
      for (let i = 0; i < 300_000; i++) known.add(lineOf(i), node);
    }).toThrow('different lines of nodes');
  });
});

describe.concurrent('SIGTERM is heard', () => {
  /** As soon as that stands in the trace. */
  async function terminated(node: ScriptedNode, command: readonly string[], sign: string): Promise<Run> {
    let isSent = false;
    return slotctlProcess([...command, node.address, '--trace'], {
      watch: (child, text) => {
        if (isSent || !text.includes(sign)) return;
        isSent = true;
        child.kill('SIGTERM');
      },
    });
  }

  test.each<[string, (own: string) => string]>([
    ['a hundred thousand nodes that are not there', () => others(100_000, () => '127.0.0.1:1')],
    ['nodes at ports that nobody listens at', () => others(2900, i => `127.0.0.1:${i + 1}`)],
    ['nodes where it is itself', own => others(2900, () => own)],
  ])('while a node names %s', async (_, named) => {
    const node = await ScriptedNode.listen();
    node.answers.set('CLUSTER NODES', bulk(`${ownLine(node)}${named(node.address)}`));
    for (const command of [['check'], ['forget-failed', '--dry-run']]) {
      // The list has arrived whole, and what is to be made of it has not been.
      const run = await terminated(node, command, `< "${ID('1')}`);
      // It may have come to its end before.
      expect([130, 0, 1, 3, 4], run.stderr.slice(-500)).toContain(run.code);
    }
    node.close();
  });

  test('while a reply drips', async t => {
    const node = await scripted(t);
    node.floods.set('CLUSTER', { begin: '$1000000\r\n', again: 'x'.repeat(10), times: 90_000 });
    const run = await terminated(node, ['check', '--reply-timeout', '600'], '> CLUSTER NODES');
    expect(run).toMatchObject({ code: 130, stdout: '' });
  });
});

describe('a server that repeats the password', () => {
  const PASSWORD = 'kestrel-tundra-58';
  const env = { REDISCLI_AUTH: PASSWORD };
  const FAST = ['-t', '1', '--reply-timeout', '1'];

  async function echoing(answer: string, command = `AUTH ${PASSWORD.toUpperCase()}`): Promise<ScriptedNode> {
    const node = await ScriptedNode.alone({ isCluster: true });
    onTestFinished(() => node.close());
    node.answers.set(`AUTH ${PASSWORD.toUpperCase()}`, '+OK\r\n');
    node.answers.set(command, `-${answer}\r\n`);
    return node;
  }

  const ECHOES = [
    `WRONGPASS ${PASSWORD} is not the password`,
    `WRONGPASS ${PASSWORD.slice(0, 6)}`,
    `NOAUTH ${encodeURIComponent(PASSWORD)}`,
    `NOPERM ${PASSWORD.slice(5)}`,
    `ERR unknown command 'AUTH', with args beginning with: '${PASSWORD.slice(0, 9)}`,
    `ERR ${'.'.repeat(290)}${PASSWORD}`,
  ];
  const NOTHING_OF_IT = /kestre|undra-|-58/i;

  test.each(ECHOES)('%s: to the login', async answer => {
    const node = await echoing(answer);
    for (const words of [
      ['check'],
      ['check', '--json'],
      ['check', '--trace'],
      ['info'],
      ['--cluster', 'check'],
    ]) {
      const run = await slotctl([...words, node.address, ...FAST], { env });
      expect(run.code).not.toBe(0);
      expect(run.stdout + run.stderr, words.join(' ')).not.toMatch(NOTHING_OF_IT);
    }
  });

  test.each(ECHOES)('%s: to anything else', async answer => {
    for (const command of ['INFO', 'CLUSTER NODES', 'PING']) {
      const node = await echoing(answer, command);
      for (const words of [
        ['check'],
        ['check', '--json'],
        ['check', '--trace'],
        ['call', 'PING'],
        ['call', 'PING', '--json'],
      ]) {
        const [name = '', ...rest] = words;
        const run = await slotctl([name, node.address, ...rest, ...FAST], { env });
        expect(run.stdout + run.stderr, words.join(' ')).not.toMatch(NOTHING_OF_IT);
      }
    }
  });

  test.each(ECHOES)('%s: the password of the other cluster of an import', async answer => {
    const target = await echoing(answer, 'INFO');
    const source = await ScriptedNode.alone({ isCluster: false });
    onTestFinished(() => source.close());
    const run = await slotctl(
      ['import', target.address, '--cluster-from', source.address, '--dry-run', ...FAST],
      {
        env: { SLOTCTL_FROM_AUTH: PASSWORD },
      },
    );
    expect(run.stdout + run.stderr).not.toMatch(NOTHING_OF_IT);
  });

  test('a password that a command sets', async () => {
    const node = await echoing(
      `ERR '${PASSWORD}' will not do`,
      `CONFIG SET MASTERAUTH ${PASSWORD.toUpperCase()}`,
    );
    for (const json of [[], ['--json']]) {
      const run = await slotctl([
        'call',
        node.address,
        'CONFIG',
        'SET',
        'masterauth',
        PASSWORD,
        ...json,
        ...FAST,
      ]);
      expect(run.stdout + run.stderr).not.toMatch(NOTHING_OF_IT);
    }
  });
});
