/** reshard asks for what the command line leaves open: by pipes of all kinds, and on a terminal. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { TestCluster } from '../support/cluster.ts';
import { formationOf } from '../support/formed.ts';
import { BIN, inTerminal, type ProcessSetup, type Run, slotctlProcess } from '../support/run-slotctl.ts';
import { anyServer } from '../support/servers.ts';

let cluster: TestCluster;
let ids: readonly string[];
beforeAll(async () => {
  cluster = await TestCluster.start({ build: anyServer(), replicasPerPrimary: 0, password: 'pw' });
  ids = cluster.members.map(({ id }) => id);
});
afterAll(() => cluster.dispose());

const LOGIN = { REDISCLI_AUTH: 'pw' };
const id = (position: number) => ids[position] ?? '';
const words = () => ['reshard', cluster.entry];

const HOW_MANY = 'How many slots do you want to move (from 1 to 16384)?';
const NOT_KNOWN = (word: string) =>
  `*** The specified node (${word}) is not known or not a master, please retry.\n`;

/** Slots of each primary, in the order in which the cluster was laid out. */
async function sizes(): Promise<number[]> {
  const { primaries } = await formationOf(cluster.node(0));
  const size = new Map(primaries.map(node => [`${node.id}`, node.role === 'primary' ? node.slots.size : 0]));
  return ids.map(each => size.get(each) ?? 0);
}

/** In the order of the slot map, which is that of the lists. */
async function listed(): Promise<string[]> {
  const { primaries } = await formationOf(cluster.node(0));
  const first = new Map(
    primaries.map(node => [`${node.id}`, node.role === 'primary' ? (node.slots.ranges[0]?.first ?? 0) : 0]),
  );
  return [...ids].sort((a, b) => (first.get(a) ?? 0) - (first.get(b) ?? 0));
}

/** How many slots each primary has gained by the work. */
async function gains(work: () => Promise<unknown>): Promise<number[]> {
  const before = await sizes();
  await work();
  const after = await sizes();
  return after.map((size, i) => size - (before[i] ?? 0));
}

/** Never a flood, whatever was piped in. */
async function piped(
  input: string,
  setup: ProcessSetup & { readonly options?: string[] } = {},
): Promise<Run> {
  const { options = [], ...rest } = setup;
  const run = await slotctlProcess([...words(), ...options], { env: LOGIN, input, ...rest });
  expect(run.stdout.length + run.stderr.length).toBeLessThan(8000);
  expect(run.stdout).not.toContain('\u001b[');
  return run;
}

describe('answers in a pipe', () => {
  test('all in one write, with the yes', async () => {
    let run: Run | undefined;
    const gained = await gains(async () => {
      run = await piped(`10\n${id(1)}\nall\nyes\n`);
    });
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(gained).toEqual([-5, 10, -5]);
    expect(run?.stdout).toMatch(
      /^M: [0-9a-f]{40} 127\.0\.0\.1:\d+\n {3}slots:\[0-5460\] \(5461 slots\) master/,
    );
    const dialogue = run?.stdout.slice(run.stdout.indexOf('How many'));
    expect(dialogue).toContain(
      [
        `${HOW_MANY} 10`,
        `What is the receiving node ID? ${id(1)}`,
        'Please enter all the source node IDs.',
        "  Type 'all' to use all the nodes as source nodes for the hash slots.",
        "  Type 'done' once you entered all the source nodes IDs.",
        'Source node #1: all',
        'Ready to move 10 slots.',
      ].join('\n'),
    );
  });

  test('a password first, and the pipe stays open afterwards', async () => {
    const input = `pw\r\n3\r\n${cluster.node(0).address}\r\n${id(1).slice(0, 12)}\r\ndone\r\nyes\r\n`;
    let run: Run | undefined;
    const gained = await gains(async () => {
      run = await piped(input, { env: {}, options: ['--askpass'], keepOpen: true });
    });
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(gained).toEqual([3, -3, 0]);
  });

  test('one by one, each when it is asked for', async () => {
    const child = spawn(process.execPath, [BIN, ...words()], { env: { ...process.env, ...LOGIN } });
    const answers: [when: string, type: string][] = [
      [HOW_MANY, '4'],
      ['receiving node ID?', id(2)],
      ['Source node #1:', id(0)],
      ['Source node #2:', id(1)],
      ['Source node #3:', 'done'],
      ['slots now, and', 'yes'],
    ];
    let stdout = '';
    child.stdout.on('data', chunk => {
      stdout += chunk;
      const [next] = answers;
      if (!next || !stdout.includes(next[0])) return;
      answers.shift();
      child.stdin.write(`${next[1]}\n`);
    });
    let code: unknown;
    const gained = await gains(async () => {
      [code] = await once(child, 'close');
    });
    expect(code).toBe(0);
    expect(gained).toEqual([-2, -2, 4]);
  });

  test('what the command line says is not asked for', async () => {
    const options = ['--cluster-slots', '6', '--cluster-from', id(0), '--dry-run'];
    const run = await piped(`${id(1)}\n`, { options });
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(run.stdout).toContain('What is the receiving node ID? ');
    expect(run.stdout).not.toMatch(/How many|Source node/);
    expect(run.stdout).toContain('Ready to move 6 slots.');
  });

  test('what cannot be used is asked for again, and answered in the known words', async () => {
    const answers = [
      '',
      'ten',
      '17000',
      '2',
      'nobody',
      '\u001b[31mred',
      id(1),
      'h:1',
      id(1),
      id(0),
      id(0),
      'done',
      'no',
    ];
    const run = await piped(`${answers.join('\n')}\n`);
    expect(run.stderr).toBe(
      [
        ...Array.from({ length: 3 }, () => '*** It must be a whole number from 1 to 16384, please retry.\n'),
        NOT_KNOWN('nobody'),
        NOT_KNOWN('?[31mred'),
        NOT_KNOWN('h:1'),
        '*** It is not possible to use the target node as source node.\n',
        `*** The specified node (${id(0)}) is a source already.\n`,
        'Nothing was changed.\n',
      ].join(''),
    );
    expect(run.stdout).toContain('Ready to move 2 slots.');
    expect(run.code).toBe(1);
  });

  test('with --json only JSON is printed', async () => {
    const run = await piped(`2\n${id(1)}\nall\n`, { options: ['--json', '--dry-run'] });
    const events = run.stdout
      .trim()
      .split('\n')
      .map(line => JSON.parse(line).event);
    expect(events).toEqual(['plan', 'end']);
    expect(run.stderr).toBe('');
    const ended = await piped('2\n', { options: ['--json'] });
    expect(JSON.parse(ended.stdout.split('\n', 1)[0] ?? '')).toMatchObject({
      event: 'refused',
      refusals: [{ kind: 'nobody-to-ask', open: ['to', 'from'] }],
    });
  });
});

describe('answers that do not come', () => {
  const COUNT = 'how many slots are to move (--cluster-slots)';
  const TO = 'who gets them (--cluster-to)';
  const FROM = 'whose they are (--cluster-from)';

  test.each<[string, () => string[], string]>([
    ['how many', () => [], `[ERR] Nobody answered, so this is still missing: ${COUNT}, ${TO} and ${FROM}.\n`],
    ['to whom', () => ['5'], `[ERR] Nobody answered, so this is still missing: ${TO} and ${FROM}.\n`],
    ['of whom', () => ['5', id(0)], `[ERR] Nobody answered, so this is still missing: ${FROM}.\n`],
    ['done', () => ['5', id(0), id(1)], `[ERR] Nobody answered, so this is still missing: ${FROM}.\n`],
    [
      'yes',
      () => ['5', id(0), 'all'],
      'Nothing was changed: nobody answered; --yes goes ahead without asking.\n',
    ],
  ])('the input ends where it should say %s', async (_, lines, stderr) => {
    const run = await piped(
      lines()
        .map(line => `${line}\n`)
        .join(''),
    );
    expect(run.stderr).toBe(stderr);
    expect(run.code).toBe(4);
  });

  test.each<[string, () => string, string]>([
    ['y', () => '', COUNT],
    ['5', () => '5\n', TO],
    ['nobody', () => `5\n${id(0)}\n`, FROM],
  ])('%s for ever', async (word, first, open) => {
    const run = await piped(`${first()}${`${word}\n`.repeat(20_000)}`, { keepOpen: true });
    expect(run.stderr.match(/^\*\*\*/gm)).toHaveLength(10);
    expect(run.stderr).toContain(`[ERR] After 10 answers that could not be used it is still open ${open}`);
    expect(run.code).toBe(4);
  });

  test('done, and nobody named', async () => {
    const run = await piped(`5\n${id(0)}\ndone\nyes\n`);
    expect(run.stderr).toBe(
      '[ERR] No source nodes given, operation aborted. --cluster-from names them, too.\n',
    );
    expect(run.code).toBe(4);
  });

  test.each(['/dev/null', '/dev/zero', '/'])('%s as standard input', async path => {
    const script = 'exec "$@" < "$0"';
    const child = spawn('sh', ['-c', script, path, process.execPath, BIN, ...words()], {
      env: { ...process.env, ...LOGIN },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let stderr = '';
    child.stderr.on('data', chunk => {
      stderr += chunk;
    });
    const [code] = await once(child, 'close');
    expect(stderr).toMatch(/^\[ERR\] Nobody answered, so this is still missing: how many [^\n]*\n$/);
    expect(code).toBe(4);
  });

  test.each(['SIGINT', 'SIGTERM'] as const)('%s while a pipe is waited for', async signal => {
    const child = spawn(process.execPath, [BIN, ...words()], { env: { ...process.env, ...LOGIN } });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', chunk => {
      if (!stdout.includes(HOW_MANY) && `${stdout}${chunk}`.includes(HOW_MANY)) child.kill(signal);
      stdout += chunk;
    });
    child.stderr.on('data', chunk => {
      stderr += chunk;
    });
    const [code] = await once(child, 'close');
    expect(stderr).toBe('slotctl: interrupted\n');
    expect(code).toBe(130);
  });

  test('a node of the command line that is not there is told before anything is asked', async () => {
    const run = await piped('5\nall\nyes\n', { options: ['--cluster-to', 'h:1'] });
    expect(run).toEqual({ code: 4, stdout: '', stderr: '[ERR] No such node ID h:1.\n' });
  });
});

describe('on a terminal', () => {
  const DOWN = '\u001b[B';
  const RECEIVING = 'What is the receiving node?';
  const SOURCES = 'Which are the source nodes?';

  const screening = (...answers: [when: string, type: string][]) =>
    inTerminal([BIN, ...words()], {
      env: LOGIN,
      answers: answers.map(([when, type]) => ({ when, type })),
    });

  test('nodes are picked from lists', async () => {
    const order = await listed();
    const sources = order.filter(each => each !== id(2));
    let code: number | null = null;
    let screen = '';
    const gained = await gains(async () => {
      ({ code, screen } = await screening(
        [HOW_MANY, '17000\r'],
        ['between 1 and 16384', '\u007f\u007f\u007f\u007f\u007f7\r'],
        [RECEIVING, ''],
        ['navigate', `${DOWN.repeat(order.indexOf(id(2)))}\r`],
        [SOURCES, ''],
        ['submit', '\r'],
        ['the space bar picks them', `${DOWN.repeat(1 + sources.indexOf(id(0)))} \r`],
        ["(type 'yes' to accept)", 'yes\r'],
      ));
    });
    expect(gained).toEqual([-7, 0, 7]);
    expect(code).toBe(0);
    const address = cluster.node(0).address.replaceAll('.', '\\.');
    expect(screen).toMatch(
      new RegExp(`❯ ${address} {2}${id(0).slice(0, 8)}\\.\\.\\. {2}\\d+ slots {2}0 keys`),
    );
    expect(screen).toContain('all of them');
    expect(screen).toContain('[OK] The slots have moved');
  });

  test('all of them', async () => {
    const { code, screen } = await screening(
      [HOW_MANY, '6\r'],
      ['navigate', '\r'],
      ['submit', ' \r'],
      ["(type 'yes' to accept)", 'no\r'],
    );
    expect(screen).toContain('Ready to move 6 slots.');
    expect(screen.match(/127\.0\.0\.\d:\d+ +127\.0\.0\.\d:\d+ +3 /g)).toHaveLength(2);
    expect(screen).toContain('Nothing was changed.');
    expect(code).toBe(1);
  });

  test.each<[string, [string, string][]]>([
    ['how many', []],
    ['to whom', [[HOW_MANY, '5\r']]],
    [
      'of whom',
      [
        [HOW_MANY, '5\r'],
        ['navigate', '\r'],
      ],
    ],
  ])('Ctrl-C and Ctrl-D at the question %s', async (_, before) => {
    const last = [HOW_MANY, 'navigate', 'submit'][before.length] ?? '';
    const [interrupted, ended] = await Promise.all([
      screening(...before, [last, '\u0003']),
      screening(...before, [last, '\u0004']),
    ]);
    expect(interrupted.screen).toContain('slotctl: interrupted');
    expect(interrupted.code).toBe(130);
    expect(ended.screen).toContain('[ERR] Nobody answered, so this is still missing');
    expect(ended.code).toBe(4);
    // The cursor is given back.
    for (const { screen } of [interrupted, ended])
      expect(screen.lastIndexOf('\u001b[?25h')).toBeGreaterThan(screen.lastIndexOf('\u001b[?25l'));
  });

  test('that cannot draw lists: line by line', async () => {
    const { code, screen } = await inTerminal([BIN, ...words(), '--dry-run'], {
      env: { ...LOGIN, TERM: 'dumb' },
      answers: [
        { when: HOW_MANY, type: '5\n' },
        { when: 'receiving node ID?', type: `${id(2)}\n` },
        { when: 'Source node #1:', type: 'all\n' },
      ],
    });
    expect(screen).toContain(`${HOW_MANY} 5\r\nWhat is the receiving node ID? ${id(2)}\r\n`);
    expect(screen).toContain('Ready to move 5 slots.');
    expect(code).toBe(0);
  });
});
