/** A cluster that is used for many rounds, each by a user who lacks one right; who counts the keys has all of them. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { migrationJobs, migrationTasks } from '../../../src/resp/commands/atomic-migration.ts';
import { nodesAccordingTo, TestCluster } from '../../support/cluster.ts';
import { LoneNodes } from '../../support/lone-nodes.ts';
import { openMarks } from '../../support/moving.ts';
import { until } from '../../support/poll.ts';
import { freePort } from '../../support/ports.ts';
import { slotctl } from '../../support/run-slotctl.ts';
import { ServerProcess } from '../../support/server-process.ts';
import type { ServerBuild } from '../../support/servers.ts';
import { keyIn } from '../../support/slot-keys.ts';
import { removeFolder, tempFolder } from '../../support/temp-folder.ts';

export const USER = 'worker';
export const PASSWORD = 'worker-pw';

/** Slots that go to and fro between the first two primaries, with this many keys in each. */
export const SLOTS = { first: 100, last: 109 } as const;
const KEYS_IN_EACH = 3;
const OTHER_KEYS = 60;

export class RightsBed {
  readonly build: ServerBuild;
  readonly cluster: TestCluster;
  /** Keys are imported from it. */
  readonly lone: ServerProcess;
  /** Comes and goes. */
  readonly newcomers: LoneNodes;
  readonly folder = tempFolder('rights');

  private constructor(build: ServerBuild, cluster: TestCluster, lone: ServerProcess, newcomers: LoneNodes) {
    this.build = build;
    this.cluster = cluster;
    this.lone = lone;
    this.newcomers = newcomers;
  }

  static async start(build: ServerBuild): Promise<RightsBed> {
    const host = '127.0.0.1';
    const port = await freePort(host);
    const config = [`bind ${host}`, `port ${port}`, 'protected-mode no', 'repl-diskless-sync-delay 0'];
    const lone = new ServerProcess({ build, host, port, config });
    const [cluster, newcomers] = await Promise.all([
      TestCluster.start({ build, replicasPerPrimary: 1, nodeTimeoutMs: 5000 }),
      LoneNodes.start({ build, count: 1 }),
      lone.start(),
    ]);
    const bed = new RightsBed(build, cluster, lone, newcomers);
    await bed.#fill();
    return bed;
  }

  async #fill(): Promise<void> {
    const { cluster } = this;
    const writes: Promise<unknown>[] = [];
    for (let slot = SLOTS.first; slot <= SLOTS.last; slot++)
      for (let i = 0; i < KEYS_IN_EACH; i++)
        writes.push(cluster.node(0).send('SET', keyIn(slot, `k${i}`), `value ${i}`));
    for (let i = 0; i < OTHER_KEYS; i++) {
      const slot = Math.floor((i * 16384) / OTHER_KEYS) + 200;
      const at = cluster.members.findIndex(member => member.slots.has(slot));
      if (at >= 0) writes.push(cluster.node(at).send('SET', keyIn(slot, 'other'), 'value'));
    }
    await Promise.all(writes);
  }

  async dispose(): Promise<void> {
    await Promise.all([this.cluster.dispose(), this.lone.dispose(), this.newcomers.dispose()]);
    removeFolder(this.folder);
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  remove(name: string): void {
    rmSync(this.path(name), { recursive: true, force: true });
  }

  get servers(): readonly ServerProcess[] {
    return [...this.cluster.nodes, this.lone, ...this.newcomers.nodes];
  }

  /** The user has these rights everywhere, and no other. */
  async grant(rights: readonly string[]): Promise<void> {
    const words = ['ACL', 'SETUSER', USER, 'reset', 'on', `>${PASSWORD}`, '~*', '&*', ...rights];
    await Promise.all(this.servers.map(server => server.send(...words)));
  }

  /** Whose the slots are that go to and fro, by the word of all nodes; -1 where they do not agree. */
  async holder(): Promise<number> {
    const all = await Promise.all(
      this.cluster.nodes.map(async node => {
        const known = await nodesAccordingTo(node);
        const owners = new Set<string>();
        for (let slot = SLOTS.first; slot <= SLOTS.last; slot++)
          owners.add(known.find(n => n.role === 'primary' && n.slots.has(slot))?.id ?? 'nobody');
        return [...owners].join();
      }),
    );
    const [first] = all;
    if (first === undefined || all.some(one => one !== first)) return -1;
    return this.cluster.members.findIndex(({ id }) => id === first);
  }

  async settledHolder(): Promise<number> {
    let holder = -1;
    await until('all nodes agree on the owner', async () => {
      holder = await this.holder();
      return holder >= 0;
    });
    return holder;
  }

  /** Until nobody finds anything wrong any more. */
  async wellAgain(): Promise<void> {
    let last = '';
    try {
      await until('the cluster is well again', async () => {
        const { code, stdout, stderr } = await slotctl(['check', this.cluster.entry]);
        last = `${stdout}${stderr}`;
        return code === 0;
      });
    } catch (error) {
      throw new Error(`${error}\n${last}`);
    }
  }

  openMarks(): Promise<string[]> {
    return openMarks(this.cluster);
  }

  /** What the servers are still moving by themselves. */
  async migrations(): Promise<string[]> {
    const command =
      this.build.product === 'valkey'
        ? migrationJobs()
        : this.build.name === 'redis-7.0'
          ? undefined
          : migrationTasks();
    if (!command) return [];
    const lists = await Promise.all(
      this.cluster.nodes.map(async node => command.decode(await node.send(...command.args))),
    );
    return lists.flat().flatMap(({ name, state }) => (state === 'under-way' ? [name] : []));
  }

  /** Keys that clients find: in slots that their holder owns. */
  async keys(): Promise<string[]> {
    const found = await Promise.all(
      this.cluster.nodes.map(async (node, i) => {
        const own = (await nodesAccordingTo(node)).find(({ id }) => id === this.cluster.member(i).id);
        if (own?.role !== 'primary') return [];
        const reply = await node.send('KEYS', '*');
        return Array.isArray(reply) ? reply.map(String) : [];
      }),
    );
    return found.flat().sort();
  }
}
