/** What becomes of a cluster whose nodes tell odd things of each other, and of servers that mean harm. */
import { afterEach, describe, expect, test } from 'vitest';
import { reply } from '../../support/fixtures.ts';
import { slotctl } from '../../support/run-slotctl.ts';
import { bulk, ScriptedNode } from '../../support/scripted-node.ts';

const [A, B, X] = ['a', 'b', 'c'].map(digit => digit.repeat(40)) as [string, string, string];
const FAST = ['--connect-timeout', '1', '--reply-timeout', '1'];

let nodes: ScriptedNode[] = [];
afterEach(() => {
  for (const node of nodes) node.close();
  nodes = [];
});

async function listen(): Promise<ScriptedNode> {
  const node = await ScriptedNode.listen();
  nodes.push(node);
  return node;
}

const line = (id: string, where: string, flags: string, slots = '') =>
  `${id} ${where}@1 ${flags} - 0 0 ${parseInt(id[0] ?? '', 16)} connected ${slots}`.trimEnd();
const says = (node: ScriptedNode, ...lines: string[]) =>
  node.answers.set('CLUSTER NODES', bulk(`${lines.join('\n')}\n`));

interface Document {
  findings: { kind: string; severity: string; summary: string }[];
  nodes: { id: string; reachable: boolean }[];
}

async function checkJson(entry: ScriptedNode): Promise<{ code: number | null; document: Document }> {
  const { code, stdout } = await slotctl(['check', entry.address, '--json', ...FAST]);
  return { code, document: JSON.parse(stdout) as Document };
}

/** A and B share the slots with X, which A places somewhere else than B does. */
async function clusterWhereXIs(accordingToA: string, flags = 'master') {
  const [a, b, x] = [await listen(), await listen(), await listen()];
  says(
    a,
    line(A, a.address, 'myself,master', '0-99'),
    line(B, b.address, 'master', '100-199'),
    line(X, accordingToA, flags, '200-16383'),
  );
  says(
    b,
    line(B, b.address, 'myself,master', '100-199'),
    line(A, a.address, 'master', '0-99'),
    line(X, x.address, 'master', '200-16383'),
  );
  says(
    x,
    line(X, x.address, 'myself,master', '200-16383'),
    line(A, a.address, 'master', '0-99'),
    line(B, b.address, 'master', '100-199'),
  );
  return { a, b, x };
}

describe('a node that is named at several addresses', () => {
  test.each([
    ['a dead one', '127.0.0.1:1', 'master'],
    ['none', ':0', 'master,noaddr'],
  ])('is found at the right one, whoever is asked first: %s', async (_, wrong, flags) => {
    const { a, b, x } = await clusterWhereXIs(wrong, flags);
    for (const entry of [a, b, x]) {
      const { code, document } = await checkJson(entry);
      expect(document.nodes.map(node => node.reachable)).toEqual([true, true, true]);
      expect(document.findings.filter(f => f.severity === 'error')).toEqual([]);
      expect(code).toBe(0);
    }
  });

  test('is reported, with who says what', async () => {
    const { a, x } = await clusterWhereXIs('127.0.0.1:1');
    const { document } = await checkJson(x);
    const disagreement = document.findings.find(f => f.kind === 'addresses-disagree');
    expect(disagreement?.summary).toContain(`at 127.0.0.1:1 according to ${a.address}`);
  });

  test('another node that answers there is not taken for it', async () => {
    const { a, b } = await clusterWhereXIs('127.0.0.1:1');
    says(
      b,
      line(B, b.address, 'myself,master', '100-199'),
      line(A, a.address, 'master', '0-99'),
      line(X, a.address, 'master', '200-16383'),
    );
    const { code, document } = await checkJson(b);
    expect(code).toBe(1);
    expect(document.findings.find(f => f.kind === 'node-unreachable')?.summary).toMatch(
      /another node answers there|nothing listens there/,
    );
  });
});

describe('a primary of which nobody knows the address', () => {
  test('is looked for where its replica last found it, and who is there is not asked twice', async () => {
    const [a, b] = [await listen(), await listen()];
    const lost = line(X, ':0', 'master,noaddr', '100-16383');
    says(
      a,
      line(A, a.address, 'myself,master', '0-99'),
      line(B, b.address, 'slave').replace(' - ', ` ${X} `),
      lost,
    );
    says(
      b,
      line(B, b.address, 'myself,slave').replace(' - ', ` ${X} `),
      line(A, a.address, 'master', '0-99'),
      lost,
    );
    const info = reply('redis-7.0/info-replica').toString();
    b.answers.set('INFO', bulk(info.replace(/master_port:\d+/, `master_port:${a.port}`)));
    const { document } = await checkJson(b);
    const summary = document.findings.find(({ kind }) => kind === 'node-unreachable')?.summary;
    expect(summary).toContain(`where its replica last found it (${a.address}), another node answers`);
    const looks = ({ received }: ScriptedNode) => received.match(/\$4\r\nINFO\r\n/g)?.length;
    expect(looks(a)).toBe(looks(b));
  });
});

describe('a chain of nodes that only the one before knows', () => {
  test('is followed to its end', async () => {
    const chain = await Promise.all(Array.from({ length: 12 }, listen));
    const idOf = (i: number) => i.toString(16).padStart(40, '0');
    chain.forEach((node, i) => {
      const next = chain[i + 1];
      says(
        node,
        line(idOf(i), node.address, 'myself,master'),
        ...(next ? [line(idOf(i + 1), next.address, 'master')] : []),
      );
    });
    const { document } = await checkJson(chain[0] as ScriptedNode);
    expect(document.nodes).toHaveLength(12);
    expect(document.nodes.every(node => node.reachable)).toBe(true);
  });
});

describe('servers that mean harm', () => {
  test('cannot paint the terminal with their errors', async () => {
    const node = await listen();
    node.answers.set('INFO', `-ERR \u001b]0;owned\u0007\u001b[2J\u009b31m${'x'.repeat(5000)}\r\n`);
    says(node, line(A, node.address, 'myself,master', '0-16383'));
    const { code, stderr } = await slotctl(['check', node.address, ...FAST]);
    expect(stderr).toMatch(/^[\x20-\x7e…]+\n$/);
    expect(stderr.length).toBeLessThan(500);
    expect(code).toBe(3);
  });

  test.each([
    [
      'two thousand nodes that are not there',
      () =>
        Array.from({ length: 2000 }, (_, i) =>
          line((i + 1).toString(16).padStart(40, '0'), '127.0.0.1:1', 'master'),
        ),
    ],
    [
      'its own address under other names',
      (own: string) =>
        Array.from({ length: 50 }, (_, i) => line((i + 1).toString(16).padStart(40, '0'), own, 'master')),
    ],
  ])('that name %s', async (_, others) => {
    const node = await listen();
    says(node, line(A, node.address, 'myself,master', '0-16383'), ...others(node.address));
    const { code, document } = await checkJson(node);
    expect(code).toBe(1);
    expect(document.nodes.filter(n => n.reachable)).toHaveLength(1);
  });

  test.each([
    ['INFO', ':1\r\n', 'unexpected reply to INFO'],
    ['INFO', '$-1\r\n', 'unexpected reply to INFO'],
    ['INFO', bulk('redis_version:\u001b[2J\r\n'), 'unexpected reply to INFO'],
    ['CLUSTER NODES', '*1000\r\n', 'no reply to CLUSTER NODES'],
    ['CLUSTER NODES', bulk('\u0000'.repeat(5000)), 'is not a line about a node'],
    [
      'CLUSTER NODES',
      bulk(`${'f'.repeat(40)} 127.0.0.1:1@1 myself,master - 0 0 1 connected 0-99999\n`),
      'a malformed slot range',
    ],
    ['DBSIZE', bulk('many'), 'unexpected reply to DBSIZE'],
    ['CLUSTER INFO', bulk('cluster_state:maybe'), 'unexpected reply to CLUSTER INFO'],
  ])('that answer %s with %j', async (command, answer, reason) => {
    const node = await listen();
    says(node, line(A, node.address, 'myself,master', '0-16383'));
    node.answers.set(command, answer);
    const { code, stdout, stderr } = await slotctl(['check', node.address, ...FAST]);
    expect(stderr).toContain(reason);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(stdout).toBe('');
    expect(code).toBe(3);
  });
});
