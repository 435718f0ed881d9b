/** What a reshard asks for, and what it makes of the answers. */

import { describe, expect, test } from 'vitest';
import { type Asked, askReshard, MOST_WRONG_ANSWERS } from '../../src/commands/ask-reshard.ts';
import {
  beginInquiry,
  hear,
  type Inquiry,
  questionFor,
  type Said,
} from '../../src/commands/reshard-questions.ts';
import { InterruptedError } from '../../src/resp/errors.ts';
import { examine } from '../../src/topology/diagnose.ts';
import type { NodeId } from '../../src/topology/node.ts';
import { draw } from '../support/drawing.ts';
import { CTRL_C, fakeTerminal, type TerminalSetup } from '../support/run-slotctl.ts';

const cluster = draw(`
  A primary 0-5460 host=h1 holds=2
  B primary 5461-10922 host=h2
  C primary 10923-16383 host=h3
  E primary host=h4
  a replica of A host=h2
`);
const { snapshot } = cluster;
const [A, B, C, E, a] = ['A', 'B', 'C', 'E', 'a'].map(cluster.id) as [NodeId, NodeId, NodeId, NodeId, NodeId];

async function ask(
  said: Said,
  setup: TerminalSetup,
  { drawing = cluster, silently = false, despiteFindings = false } = {},
): Promise<{ asked: Asked; stdout: string; stderr: string }> {
  const terminal = fakeTerminal(setup);
  const asked = await askReshard(said, examine(drawing.snapshot), terminal, { despiteFindings, silently });
  return { asked, ...terminal.output };
}

const start: Inquiry = { sources: [] };
const counted: Inquiry = { count: 5, sources: [] };
const aimed: Inquiry = { count: 5, to: B, sources: [] };
const UNKNOWN = (word: string) =>
  `*** The specified node (${word}) is not known or not a master, please retry.`;
const TARGET = '*** It is not possible to use the target node as source node.';

describe('the questions', () => {
  test.each<[Inquiry, string]>([
    [start, 'How many slots do you want to move (from 1 to 16384)? '],
    [counted, 'What is the receiving node ID? '],
    [aimed, 'Source node #1: '],
    [{ ...aimed, sources: [A] }, 'Source node #2: '],
    [{ from: 'all', count: 1, sources: [] }, 'What is the receiving node ID? '],
  ])('%j', (inquiry, question) => {
    expect(questionFor(inquiry)).toBe(question);
  });
});

describe('what is understood', () => {
  test.each<[string, Inquiry, string, Partial<Inquiry>]>([
    ['the least', start, '1', { count: 1 }],
    ['the most', start, '16384', { count: 16384 }],
    ['an id', counted, C, { to: C }],
    ['an id in capitals', counted, C.toUpperCase(), { to: C }],
    ['the beginning of an id', counted, C.slice(0, 9), { to: C }],
    ['host:port', counted, 'h3:7002', { to: C }],
    ['a node that owns nothing', counted, E, { to: E }],
    ['a source', aimed, A, { sources: [A] }],
    ['another one', { ...aimed, sources: [A] }, 'h3:7002', { sources: [A, C] }],
    ['all', aimed, 'all', { from: 'all' }],
    ['all after some', { ...aimed, sources: [A] }, 'all', { from: 'all' }],
    ['done', { ...aimed, sources: [A, C] }, 'done', { from: [A, C] }],
  ])('%s', (_, inquiry, answer, learnt) => {
    expect(hear(inquiry, answer, snapshot)).toEqual({
      kind: 'understood',
      inquiry: { ...inquiry, ...learnt },
    });
  });
});

describe('what is not', () => {
  test.each<[Inquiry, string, string]>([
    ...['', '0', '16385', '-1', '1.5', '1e3', '0x10', '10 slots', '١', 'all'].map(
      (answer): [Inquiry, string, string] => [
        start,
        answer,
        '*** It must be a whole number from 1 to 16384, please retry.',
      ],
    ),
    ...['', 'all', 'done', 'h9:1', a, '0'.repeat(40), 'h1'].map((answer): [Inquiry, string, string] => [
      counted,
      answer,
      UNKNOWN(answer),
    ]),
    [{ count: 1, from: [C], sources: [] }, C, TARGET],
    [aimed, '', UNKNOWN('')],
    [aimed, a, UNKNOWN(a)],
    [aimed, B, TARGET],
    [aimed, B.slice(0, 12), TARGET],
    [{ ...aimed, sources: [A] }, A, `*** The specified node (${A}) is a source already.`],
  ])('%j: %j', (inquiry, answer, text) => {
    expect(hear(inquiry, answer, snapshot)).toEqual({ kind: 'wrong', text });
  });

  test('the beginning of several ids', () => {
    const many = draw(Array.from({ length: 17 }, (_, i) => `n${i} primary`).join('\n')).snapshot;
    const digits = many.views.map(view => view.id.slice(0, 1));
    const digit = digits.find((first, i) => digits.indexOf(first) !== i) ?? '';
    expect(hear(counted, digit, many)).toMatchObject({
      kind: 'wrong',
      text: expect.stringMatching(`^\\*\\*\\* ${digit} could be .*; write more of the id\\.$`),
    });
  });

  test('a primary that does not answer', () => {
    const { snapshot: broken } = draw('A primary 0-100\nB primary 101-16383 host=h2 down');
    expect(hear(counted, 'h2:7001', broken)).toEqual({ kind: 'wrong', text: '*** h2:7001 does not answer.' });
  });

  test('done, and nobody named', () => {
    expect(hear(aimed, 'done', snapshot)).toEqual({ kind: 'refused', refusals: [{ kind: 'no-sources' }] });
  });
});

describe('before anybody is asked', () => {
  const begin = (said: Said, drawing = cluster, despiteFindings = false) =>
    beginInquiry(said, examine(drawing.snapshot), despiteFindings);

  test('words of the command line become nodes', () => {
    expect(begin({ to: 'h1:7000', from: [B.slice(0, 9), C] })).toEqual({ to: A, from: [B, C], sources: [] });
    expect(begin({ count: 3, from: 'all' })).toEqual({ count: 3, from: 'all', sources: [] });
  });

  test('those that name nobody are refused, all at once', () => {
    expect(begin({ to: 'nobody', from: ['h1:7000', a] })).toEqual({
      kind: 'refused',
      refusals: [
        { kind: 'no-such-node', word: 'nobody' },
        { kind: 'cannot-own-slots', node: a },
      ],
    });
    expect(begin({ to: A, from: [A] })).toMatchObject({
      refusals: [{ kind: 'source-is-target', node: A }],
    });
  });

  test('a cluster that is not healthy is refused, unless the person insists', () => {
    const damaged = draw('A primary 0-100\nB primary 101-16000');
    expect(begin({}, damaged)).toMatchObject({ refusals: [{ kind: 'cluster-damaged' }] });
    expect(begin({}, damaged, true)).toEqual({ sources: [] });
  });

  test('nobody is asked where there is no choice', () => {
    const alone = draw('A primary 0-16383\nB replica of A host=h2');
    const pair = draw('A primary 0-9999\nB primary 10000-16383 host=h2');
    const nobodyElse = { kind: 'refused', refusals: [{ kind: 'no-other-primary' }] };
    expect(begin({}, alone)).toEqual(nobodyElse);
    expect(
      begin(
        { from: ['h1:7000', 'h2:7001'] },
        draw('A primary 0-9999 host=h1\nB primary 10000-16383 host=h2'),
      ),
    ).toEqual(nobodyElse);
    expect(begin({ to: pair.id('A'), from: [pair.id('B')] }, pair)).toMatchObject({ sources: [] });
  });
});

describe('line by line', () => {
  test('everything is asked for, after the list of the nodes', async () => {
    const { asked, stdout, stderr } = await ask({}, { lines: ['10', B, 'all', 'yes'] });
    expect(asked).toEqual({ kind: 'said', said: { count: 10, to: B, from: 'all' } });
    expect(stderr).toBe('');
    expect(stdout).toMatch(/^M: [0-9a-f]{40} h1:7000\n {3}slots:\[0-5460\] \(5461 slots\) /);
    expect(stdout.slice(stdout.indexOf('How many'))).toBe(
      [
        'How many slots do you want to move (from 1 to 16384)? 10',
        `What is the receiving node ID? ${B}`,
        'Please enter all the source node IDs.',
        "  Type 'all' to use all the nodes as source nodes for the hash slots.",
        "  Type 'done' once you entered all the source nodes IDs.",
        'Source node #1: all',
        '',
      ].join('\n'),
    );
  });

  test('sources are asked for until they are done, and explained once', async () => {
    const { asked, stdout, stderr } = await ask({ count: 3 }, { lines: [B, 'x', A, B, C, 'done'] });
    expect(asked).toEqual({ kind: 'said', said: { count: 3, to: B, from: [A, C] } });
    expect(stdout).not.toContain('How many');
    expect(stdout.match(/Please enter/g)).toHaveLength(1);
    expect(stdout.match(/Source node #\d/g)).toEqual([1, 1, 2, 2, 3].map(i => `Source node #${i}`));
    expect(stderr).toBe(`${UNKNOWN('x')}\n${TARGET}\n`);
  });

  test('with --json nothing goes to standard output', async () => {
    const { asked, stdout, stderr } = await ask({}, { lines: ['ten', '10', B, 'all'] }, { silently: true });
    expect(asked.kind).toBe('said');
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^\*\*\* It must be a whole number/);
  });

  test.each<[string[], string[]]>([
    [[], ['count', 'to', 'from']],
    [['10'], ['to', 'from']],
    [['10', B], ['from']],
    [['10', B, A, C], ['from']],
  ])('the input ends after %j', async (lines, open) => {
    const { asked } = await ask({}, { lines });
    expect(asked).toEqual({ kind: 'refused', refusals: [{ kind: 'nobody-to-ask', open }] });
  });

  test.each<[string, string[], string[]]>([
    ['y', [], ['count', 'to', 'from']],
    ['5', ['5'], ['to', 'from']],
    [A, ['5', B], ['from']],
  ])('a pipe that says %j for ever', async (word, first, open) => {
    const lines = [...first, ...Array.from({ length: 50 }, () => word)];
    const { asked, stderr } = await ask({}, { lines });
    const answers = MOST_WRONG_ANSWERS;
    expect(asked).toEqual({ kind: 'refused', refusals: [{ kind: 'not-understood', open, answers }] });
    expect(stderr.match(/\*\*\*/g)).toHaveLength(answers);
  });

  test('Ctrl-C', async () => {
    await expect(ask({}, { lines: ['5', CTRL_C] })).rejects.toBeInstanceOf(InterruptedError);
  });
});

describe('from lists', () => {
  test('primaries are shown with their slots and keys, and the target is no source', async () => {
    const { asked, stderr } = await ask({}, { picks: [7, 'h2:7001', ['h1:7000', 'h4:7003']] });
    expect(asked).toEqual({ kind: 'said', said: { count: 7, to: B, from: [A, E] } });
    const [, target = '', sources = ''] = stderr.split(/(?=What is|Which are)/);
    expect(target).toBe(
      [
        'What is the receiving node?',
        `  h1:7000  ${A.slice(0, 8)}...  5461 slots  2 keys`,
        `  h2:7001  ${B.slice(0, 8)}...  5462 slots  ? keys`,
        `  h3:7002  ${C.slice(0, 8)}...  5461 slots  ? keys`,
        `  h4:7003  ${E.slice(0, 8)}...  0 slots     ? keys`,
        '',
      ].join('\n'),
    );
    expect(sources).toContain('\n  all of them\n  h1:7000');
    expect(sources).not.toContain('h2:7001');
  });

  test('all of them', async () => {
    const { asked } = await ask({ count: 1, to: A }, { picks: [['all', 'h3:7002']] });
    expect(asked).toEqual({ kind: 'said', said: { count: 1, to: A, from: 'all' } });
  });

  test('nobody picked is asked again', async () => {
    const { asked, stderr } = await ask({ count: 1, to: A }, { picks: [[], ['h3:7002']] });
    expect(stderr).toContain('No source nodes given: the space bar picks them.');
    expect(asked).toMatchObject({ said: { from: [C] } });
  });

  test('a source of the command line is no target', async () => {
    const { stderr } = await ask({ count: 1, from: [A] }, { picks: ['h3:7002'] });
    expect(stderr).not.toContain('h1:7000');
  });

  test.each<[number | string, ...(number | string)[]]>([[CTRL_C], [1, CTRL_C], [1, 'h1:7000', CTRL_C]])(
    'Ctrl-C: %j',
    async (...picks) => {
      await expect(ask({}, { picks })).rejects.toBeInstanceOf(InterruptedError);
    },
  );

  test('Ctrl-D', async () => {
    const { asked } = await ask({}, { picks: [1] });
    expect(asked).toMatchObject({ refusals: [{ kind: 'nobody-to-ask', open: ['to', 'from'] }] });
  });
});
