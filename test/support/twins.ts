/** Two clusters that are alike but for their ports: one for our tool, one for the tool that comes with the server. */
import { spawn } from 'node:child_process';
import type { TestContext } from 'vitest';
import { nodesAccordingTo, TestCluster } from './cluster.ts';
import { duties } from './formed.ts';
import { LoneNodes } from './lone-nodes.ts';
import { until } from './poll.ts';
import type { Run } from './run-slotctl.ts';
import type { ServerProcess } from './server-process.ts';
import type { ServerBuild } from './servers.ts';

export class Twin {
  /** First the members, then those that are to join. */
  readonly nodes: readonly ServerProcess[];
  readonly #ids: readonly string[];

  constructor(nodes: readonly ServerProcess[], ids: readonly string[]) {
    this.nodes = nodes;
    this.#ids = ids;
  }

  /** Three primaries with a replica each, at positions 0 to 5, and two nodes that know nobody, at 6 and 7. */
  static async startFor(t: TestContext, build: ServerBuild): Promise<Twin> {
    // An emptied primary stays one: otherwise servers would give themselves other roles while the tools are compared.
    const config = () => ['cluster-allow-replica-migration no'];
    const [cluster, newcomers] = await Promise.all([
      TestCluster.startFor(t, { build, nodeTimeoutMs: 2000 }),
      LoneNodes.startFor(t, { build, count: 2, config }),
    ]);
    return Twin.of([...cluster.nodes, ...newcomers.nodes]);
  }

  static async of(nodes: readonly ServerProcess[]): Promise<Twin> {
    return new Twin(nodes, await Promise.all(nodes.map(node => node.text('CLUSTER', 'MYID'))));
  }

  node(position: number): ServerProcess {
    const node = this.nodes[position];
    if (!node) throw new Error(`there is no node ${position}`);
    return node;
  }

  id(position: number): string {
    return this.#ids[position] ?? '';
  }

  /** `@3` is the address of the node in that position, `id3` its id. */
  spell(line: string): string[] {
    return line.split(' ').map(word => this.#fillIn(word));
  }

  #fillIn(word: string): string {
    return word
      .replace(/@(\d)/g, (_, position) => this.node(Number(position)).address)
      .replace(/id(\d)/g, (_, position) => this.id(Number(position)));
  }

  /** Nodes by their position, so that both tools say the same of the same. */
  byPosition(text: string): string {
    return this.nodes.reduce(
      (result, { address }, i) =>
        result
          .replaceAll(address, `@${i}`)
          .replaceAll(this.id(i), `id${i}`)
          .replaceAll(`${this.id(i).slice(0, 8)}...`, `id${i}...`),
      text,
    );
  }

  /** How many slots each node owns, or whose replica it is; and how many keys there are. */
  async state(): Promise<string[]> {
    const nodes = await nodesAccordingTo(this.node(0));
    const lines = nodes.map(node => {
      if (node.role === 'replica') return this.byPosition(`${node.id} is a replica of ${node.primary}`);
      return this.byPosition(`${node.id} owns ${node.role === 'primary' ? node.slots.size : 'no'} slots`);
    });
    const owners = nodes.filter(node => node.role === 'primary').map(node => node.id);
    const keys = await Promise.all(
      this.nodes
        .filter((_, i) => owners.some(id => id === this.id(i)))
        .map(async node => Number(await node.send('DBSIZE'))),
    );
    return [...lines.sort(), `${keys.reduce((sum, count) => sum + count, 0)} keys`];
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
