/** Whoever reads the output goes away, or wants an end: the longer commands finish, or stop, without noise. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { TestCluster } from '../support/cluster.ts';
import { startLoneServer } from '../support/lone-server.ts';
import { until } from '../support/poll.ts';
import { BIN } from '../support/run-slotctl.ts';
import { anyServer } from '../support/servers.ts';
import { removeFolder, tempFolder } from '../support/temp-folder.ts';

let cluster: TestCluster;
let folder: string;
beforeAll(async () => {
  folder = tempFolder('broken-off');
  cluster = await TestCluster.start({ build: anyServer() });
});
afterAll(async () => {
  await cluster.dispose();
  removeFolder(folder);
});

interface Running {
  readonly child: ChildProcessByStdio<null, Readable, Readable>;
  readonly said: () => string;
  readonly ended: Promise<number | null>;
}

function begin(words: readonly string[]): Running {
  const child = spawn(process.execPath, [BIN, ...words], { stdio: ['ignore', 'pipe', 'pipe'], cwd: folder });
  let said = '';
  child.stderr.on('data', chunk => {
    said += chunk;
  });
  const ended = once(child, 'close').then(([code]: (number | null)[]) => code ?? null);
  return { child, said: () => said, ended };
}

test('a reader that goes away: the work is done, and nothing is said', async t => {
  const source = await startLoneServer(t, anyServer());
  await source.send('MSET', ...Array.from({ length: 200 }, (_, i) => [`key:${i}`, 'value']).flat());
  const { entry } = cluster;
  const [saved, classic] = [join(folder, 'saved'), join(folder, 'classic')];
  const lines: readonly (readonly string[])[] = [
    ['call', entry, 'INFO'],
    ['--cluster', 'call', entry, 'COMMAND'],
    ['set-timeout', entry, '4000'],
    ['import', entry, '--cluster-from', source.address, '--yes', '--verbose', '--cluster-copy'],
    ['--cluster', 'import', entry, '--cluster-from', source.address],
    ['backup', entry, saved, '--json'],
    ['--cluster', 'backup', entry, classic],
    ['restore', saved, entry, '--replace', '--yes'],
    ['rolling-failover', entry, '--all', '--dry-run'],
    ['failover', entry, '--of', entry, '--dry-run'],
  ];
  for (const words of lines) {
    const { child, said, ended } = begin(words);
    child.stdout.destroy();
    expect([words[0], await ended, said()]).toEqual([words[0], 0, '']);
  }
  for (const node of cluster.nodes)
    expect(await node.text('CONFIG', 'GET', 'cluster-node-timeout')).toBe('cluster-node-timeout,4000');
  expect(await source.text('DBSIZE')).toBe('0');
  for (const made of [saved, classic]) expect(existsSync(join(made, 'manifest.json'))).toBe(true);
});

describe('SIGTERM and Ctrl-C while a node hangs', () => {
  test.each([
    ['SIGTERM', 'call', '@', 'PING'],
    ['SIGINT', 'set-timeout', '@', '6000'],
    ['SIGTERM', 'import', '@', '--cluster-from', '@', '--yes'],
    ['SIGINT', 'backup', '@', 'unfinished'],
    ['SIGTERM', 'restore', 'saved', '@', '--yes'],
    ['SIGINT', 'failover', '@', '--of', '@', '--yes'],
    ['SIGTERM', 'rolling-failover', '@', '--all', '--yes'],
    ['SIGTERM', '--cluster', 'call', '@', 'PING'],
  ] as const)('%s: %s %s %s', async (signal, ...words) => {
    const hung = cluster.node(4);
    hung.signal('SIGSTOP');
    const typed = words.map(word => word.replace('@', cluster.entry));
    const { child, said, ended } = begin([...typed, '--reply-timeout', '60', '--trace']);
    try {
      await until('the node that hangs has been asked', () => said().includes(`${hung.address} > `));
      child.kill(signal);
      expect(await ended).toBe(130);
      expect(said().trim().split('\n').at(-1)).toBe('slotctl: interrupted');
      expect(said()).not.toMatch(/^ +at /m);
    } finally {
      child.kill('SIGKILL');
      hung.signal('SIGCONT');
      await cluster.settled();
    }
  });
});
