/** Two clusters that are alike but for their ports: one for our tool, one for the tool that comes with the server. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'vitest';
import { nodesAccordingTo, TestCluster } from './cluster.ts';
import { duties } from './formed.ts';
import { LoneNodes } from './lone-nodes.ts';
import { startLoneServer } from './lone-server.ts';
import { until } from './poll.ts';
import type { Run } from './run-slotctl.ts';
import type { ServerProcess } from './server-process.ts';
import type { ServerBuild } from './servers.ts';
import { removeFolder, tempFolder } from './temp-folder.ts';

/** What a cluster may have around it. */
interface Surroundings {
  /** A server by itself. */
  readonly source?: ServerProcess;
  readonly folder?: string;
}

export class Twin {
  /** First the members, then those that are to join. */
  readonly nodes: readonly ServerProcess[];
  readonly #ids: readonly string[];
  readonly #around: Surroundings;

  constructor(nodes: readonly ServerProcess[], ids: readonly string[], around: Surroundings) {
    this.nodes = nodes;
    this.#ids = ids;
    this.#around = around;
  }

  /**
   * Three primaries with a replica each, at positions 0 to 5, and two nodes that know nobody, at 6 and 7; a server by
   * itself, and a folder.
   */
  static async startFor(t: TestContext, build: ServerBuild): Promise<Twin> {
    // An emptied primary stays one: otherwise servers would give themselves other roles while the tools are compared.
    const config = () => ['cluster-allow-replica-migration no'];
    const [cluster, newcomers, source] = await Promise.all([
      TestCluster.startFor(t, { build, nodeTimeoutMs: 2000 }),
      LoneNodes.startFor(t, { build, count: 2, config }),
      startLoneServer(t, build),
    ]);
    const folder = tempFolder('twin');
    t.onTestFinished(() => removeFolder(folder));
    return Twin.of([...cluster.nodes, ...newcomers.nodes], { source, folder });
  }

  static async of(nodes: readonly ServerProcess[], around: Surroundings = {}): Promise<Twin> {
    return new Twin(nodes, await Promise.all(nodes.map(node => node.text('CLUSTER', 'MYID'))), around);
  }

  get source(): ServerProcess {
    if (!this.#around.source) throw new Error('there is no server by itself');
    return this.#around.source;
  }

  get folder(): string {
    if (this.#around.folder === undefined) throw new Error('there is no folder');
    return this.#around.folder;
  }

  node(position: number): ServerProcess {
    const node = this.nodes[position];
    if (!node) throw new Error(`there is no node ${position}`);
    return node;
  }

  id(position: number): string {
    return this.#ids[position] ?? '';
  }

  /** `@3` is the address of the node in that position, `id3` its id; and there are SOURCE and FOLDER. */
  spell(line: string): string[] {
    return line.split(' ').map(word => this.#fillIn(word));
  }

  #fillIn(word: string): string {
    return word
      .replace(/@(\d)/g, (_, position) => this.node(Number(position)).address)
      .replace(/id(\d)/g, (_, position) => this.id(Number(position)))
      .replace('SOURCE', () => this.source.address)
      .replace('FOLDER', () => this.folder);
  }

  /** Nodes by their position, so that both tools say the same of the same. */
  byPosition(text: string): string {
    const { source, folder } = this.#around;
    const around: [name: string | undefined, stands: string][] = [
      [source?.address, 'SOURCE'],
      [folder, 'FOLDER'],
    ];
    const own = around.reduce((said, [name, stands]) => (name ? said.replaceAll(name, stands) : said), text);
    return this.nodes.reduce(
      (result, { address }, i) =>
        result
          .replaceAll(address, `@${i}`)
          .replaceAll(this.id(i), `id${i}`)
          .replaceAll(`${this.id(i).slice(0, 8)}...`, `id${i}...`),
      own,
    );
  }

  /** How many slots each node owns, or whose replica it is; its timeout, now and after a restart; and all the keys. */
  async state(): Promise<string[]> {
    const nodes = await nodesAccordingTo(this.node(0));
    const lines = nodes.map(node => {
      if (node.role === 'replica') return this.byPosition(`${node.id} is a replica of ${node.primary}`);
      return this.byPosition(`${node.id} owns ${node.role === 'primary' ? node.slots.size : 'no'} slots`);
    });
    const isAmong = (ids: readonly string[]) => (_: unknown, i: number) => ids.includes(this.id(i));
    const members = this.nodes.filter(isAmong(nodes.map(({ id }) => id)));
    const owners = this.nodes.filter(
      isAmong(nodes.filter(({ role }) => role === 'primary').map(({ id }) => id)),
    );
    return [
      ...lines.sort(),
      ...new Set(await Promise.all(members.map(timeouts))),
      `here ${await keysOf(owners)}`,
      ...(this.#around.source ? [`at the source ${await keysOf([this.source])}`] : []),
    ];
  }

  /** Until everybody who is in the cluster says the same of it: theirs ends before that. */
  async settled(): Promise<void> {
    await until('the nodes agree', async () => {
      const known = new Set((await nodesAccordingTo(this.node(0))).map(node => node.id));
      const members = this.nodes.filter((_, i) => [...known].some(id => id === this.id(i)));
      const stories = await Promise.all(members.map(duties));
      return new Set(stories).size === 1;
    });
  }
}

async function timeouts(node: ServerProcess): Promise<string> {
  const [, now] = (await node.text('CONFIG', 'GET', 'cluster-node-timeout')).split(',');
  const saved = /^cluster-node-timeout (.*)$/m.exec(readFileSync(join(node.folder, 'server.conf'), 'utf8'));
  return `timeout ${now}, saved ${saved?.[1]}`;
}

/** How many there are, and what stands for their names and values. */
async function keysOf(nodes: readonly ServerProcess[]): Promise<string> {
  const pairs = await Promise.all(
    nodes.map(async node => {
      const keys = (await node.text('KEYS', '*')).split(',').filter(key => key !== '');
      return Promise.all(keys.map(async key => `${key}=${await node.text('GET', key)}`));
    }),
  );
  const all = pairs.flat().sort();
  return `${all.length} keys, ${createHash('sha256').update(all.join('\n')).digest('hex').slice(0, 8)}`;
}

/** redis-cli or valkey-cli, whichever comes with the server. */
export function peerTool({ cli }: ServerBuild, args: readonly string[], input = ''): Promise<Run> {
  const child = spawn(cli, [...args], { env: { ...process.env, TERM: 'dumb' }, timeout: 60_000 });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', chunk => {
    stdout += chunk;
  });
  child.stderr.on('data', chunk => {
    stderr += chunk;
  });
  // It does not read what it does not ask for.
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', code => resolve({ code, stdout, stderr }));
  });
}
