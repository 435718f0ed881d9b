/**
 * A server that means harm, or a port behind which something else is: what it says is refused with a clear word, and
 * costs neither the process nor much memory.
 */
import { createServer } from 'node:net';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
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
