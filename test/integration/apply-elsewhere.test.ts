/** A plan file from anywhere: it names the place where `apply` logs in, and that is not its to decide. */
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { EXIT } from '../../src/commands/context.ts';
import { TestCluster } from '../support/cluster.ts';
import { BIN, inTerminal, slotctl, slotctlProcess } from '../support/run-slotctl.ts';
import { anyServer } from '../support/servers.ts';
import { removeFolder, tempFolder } from '../support/temp-folder.ts';

const PASSWORD = 's3cret-of-the-cluster';

let folder: string;
beforeEach(() => {
  folder = tempFolder('elsewhere');
  onTestFinished(() => removeFolder(folder));
});

/** Only waits for a password; what it has heard. */
async function trap(): Promise<{ address: string; heard: () => string; connections: () => number }> {
  let heard = '';
  let connections = 0;
  const server: Server = createServer(socket => {
    connections++;
    socket.on('data', chunk => {
      heard += chunk;
      socket.write('-ERR unknown command\r\n');
    });
    socket.on('error', () => {});
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const place = server.address();
  const port = typeof place === 'object' && place ? place.port : 0;
  return { address: `127.0.0.1:${port}`, heard: () => heard, connections: () => connections };
}

const ID = 'a'.repeat(40);
const OTHER = 'b'.repeat(40);

function movePlan(entry: unknown): string {
  return JSON.stringify({
    format: 'slotctl-plan',
    version: 1,
    command: 'reshard',
    entry,
    fingerprint: [{ id: ID, slots: '0-99' }],
    moves: [{ from: ID, to: OTHER, slots: '0' }],
  });
}

function fixPlan(entry: unknown): string {
  return JSON.stringify({
    format: 'slotctl-fix',
    version: 1,
    entry,
    wishes: {},
    prefer: 'owner',
    situations: [{ kind: 'half-moved', slots: '5', nodes: [ID] }],
  });
}

function fileWith(text: string): string {
  const file = join(folder, 'plan.json');
  writeFileSync(file, text);
  return file;
}

const KINDS: readonly [string, (entry: unknown) => string][] = [
  ['a plan of moves', movePlan],
  ['a plan of fix', fixPlan],
];

describe.each(KINDS)('%s', (_, document) => {
  test('with a password at hand its place is not connected to unasked', async () => {
    const { address, connections } = await trap();
    const file = fileWith(document(address));
    const logins: { words: string[]; env: Record<string, string> }[] = [
      { words: [], env: { REDISCLI_AUTH: PASSWORD } },
      { words: [], env: { VALKEYCLI_AUTH: PASSWORD } },
      { words: ['-a', PASSWORD, '--no-auth-warning'], env: {} },
      { words: ['--pass', PASSWORD, '--user', 'admin', '--no-auth-warning', '--dry-run'], env: {} },
    ];
    for (const { words, env } of logins) {
      const run = await slotctlProcess(['apply', file, ...words], { env });
      expect(run.stderr).toContain(address);
      expect(run.stderr).toContain(`slotctl apply FILE ${address}`);
      expect(run.code).toBe(EXIT.refused);
    }
    const json = await slotctlProcess(['apply', file, '--json'], { env: { REDISCLI_AUTH: PASSWORD } });
    expect(json.code).toBe(EXIT.refused);
    expect(JSON.parse(json.stdout.trim())).toMatchObject({ event: 'end', command: 'apply', code: 4 });
    expect((await slotctl(['apply', file], { env: { REDISCLI_AUTH: PASSWORD }, answer: 'no' })).code).toBe(
      EXIT.problems,
    );
    const asked = await inTerminal([BIN, 'apply', file], {
      env: { REDISCLI_AUTH: PASSWORD },
      answer: { when: `Can I log in at ${address}?`, type: 'no\r' },
    });
    expect(asked.code).toBe(EXIT.problems);
    expect(connections()).toBe(0);
  });

  test('a yes, --yes, or a place on the command line goes on', async () => {
    const named = await trap();
    const env = { REDISCLI_AUTH: PASSWORD };
    const file = fileWith(document(named.address));
    await slotctl(['apply', file], { env, answer: 'yes' });
    expect(named.heard()).toContain('AUTH');
    expect((await trapped(['--yes'], document)).heard()).toContain('AUTH');
    const elsewhere = await trap();
    const unused = await trap();
    const other = fileWith(document(unused.address));
    await slotctl(['apply', other, elsewhere.address], { env });
    await slotctl(['apply', other, '-u', `redis://:pw@${elsewhere.address}`, '--no-auth-warning'], {});
    expect(elsewhere.connections()).toBe(2);
    expect(unused.connections()).toBe(0);
  });

  async function trapped(words: readonly string[], make: (entry: unknown) => string) {
    const there = await trap();
    await slotctl(['apply', fileWith(make(there.address)), ...words], { env: { REDISCLI_AUTH: PASSWORD } });
    return there;
  }

  test('without a password nobody is asked', async () => {
    const { address, connections } = await trap();
    await slotctl(['apply', fileWith(document(address))]);
    expect(connections()).toBe(1);
  });

  test.each([
    'redis://127.0.0.1:1',
    'redis://user:hidden-pw@127.0.0.1:1',
    'rediss://:hidden-pw@127.0.0.1:1/0',
    'user:hidden-pw@127.0.0.1:1',
    'hidden-pw@127.0.0.1:1',
    '/var/run/redis.sock',
    '127.0.0.1',
    '127.0.0.1:1 --yes',
    '',
    7000,
    ['127.0.0.1:1'],
  ])('of which the place is %j is refused when it is read', async entry => {
    const run = await slotctl(['apply', fileWith(document(entry)), '--yes']);
    expect(run.code).toBe(EXIT.usage);
    expect(run.stderr).toContain('entry');
    expect(run.stderr).not.toContain('hidden-pw');
  });

  test('without a place takes one from the command line', async () => {
    const file = fileWith(document(undefined));
    expect(await slotctl(['apply', file, '--yes'])).toMatchObject({
      code: EXIT.usage,
      stderr: expect.stringContaining('slotctl apply FILE ADDRESS'),
    });
    expect((await slotctl(['apply', file, '127.0.0.1:1', '--yes'])).code).toBe(EXIT.unreachable);
  });
});

test('the command that is printed names the node, so that it need not be asked about', async t => {
  const cluster = await TestCluster.startFor(t, {
    build: anyServer(),
    replicasPerPrimary: 0,
    password: PASSWORD,
  });
  const file = join(folder, 'plan.json');
  const env = { REDISCLI_AUTH: PASSWORD };
  const words = ['reshard', cluster.entry, '--slots', '5', '--cluster-to', cluster.member(1).id];
  const planned = await slotctl([...words, '--plan-out', file], { env });
  expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ entry: cluster.entry });
  const command = `slotctl apply ${file} ${cluster.entry}`;
  expect(planned.stdout).toContain(command);
  expect((await slotctl(['apply', file], { env })).code).toBe(EXIT.refused);
  const applied = await slotctl([...command.split(' ').slice(1)], { env, answer: 'yes' });
  expect(applied.code, applied.stdout + applied.stderr).toBe(EXIT.done);
});
