/** What slotctl is sent to do, and the rights that the README lists for it. */
import { existsSync } from 'node:fs';
import { nodesAccordingTo } from '../../support/cluster.ts';
import { until } from '../../support/poll.ts';
import { type Run, slotctl } from '../../support/run-slotctl.ts';
import type { ServerBuild } from '../../support/servers.ts';
import { keyIn } from '../../support/slot-keys.ts';
import { PASSWORD, type RightsBed, SLOTS, USER } from './bed.ts';

/**
 * What becomes of an errand without a right. `needed`: it is not done, and the exit code and the message say so. `warned`: it is
 * done, and what cannot be seen without the right is said. `useful`: it is done, in another way or with less to tell.
 */
export type Weight = 'needed' | 'warned' | 'useful';

export type Rights = Readonly<Record<string, Weight>>;

export interface Errand {
  readonly name: string;
  suits(build: ServerBuild): boolean;
  rights(build: ServerBuild): Rights;
  /** Done by somebody who may do everything. */
  prepare(bed: RightsBed): Promise<Round>;
}

export interface Round {
  readonly words: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** By the servers' word. */
  isDone(run: Run): Promise<boolean>;
  /** Keys that are where clients find them while it is not done; without it, all that were there before. */
  readonly expectedKeys?: { readonly done: readonly string[]; readonly undone: readonly string[] };
  /** Marks of open slots that were there before. */
  readonly marks?: readonly string[];
  /** Leaves everything as it was, whatever has come of it. */
  tidyUp?(): Promise<void>;
}

const CHECK: Rights = {
  '+info': 'needed',
  '+cluster|nodes': 'needed',
  '+cluster|info': 'warned',
  '+dbsize': 'useful',
};
const LOOK: Rights = { ...CHECK, '+cluster|info': 'warned' };
const VISIBLE: Rights = { '+subscribe': 'warned', '+pubsub|channels': 'warned' };
const FUNCTIONS: Rights = {
  '+function|list': 'useful',
  '+function|dump': 'useful',
  '+function|restore': 'useful',
};
const BY_MIGRATE: Rights = {
  '+cluster|getkeysinslot': 'needed',
  '+cluster|setslot': 'needed',
  '+cluster|countkeysinslot': 'needed',
  '+migrate': 'needed',
  '+restore-asking': 'needed',
  '+select': 'needed',
  '+config|get': 'warned',
  '+acl|dryrun': 'useful',
  '+memory|usage': 'useful',
  '+ping': 'useful',
};

const isAtomic = ({ name }: ServerBuild) => name === 'redis-8.6' || name === 'valkey-9.1';
const everywhere = () => true;

/**
 * By somebody who may do everything, and who logs in: a server keeps the connections of its MIGRATEs for a while, and whoever does
 * not log in is taken there for the one before.
 */
export async function asAdmin(...words: string[]): Promise<void> {
  const { code, stderr, stdout } = await slotctl([...words, '--user', 'default'], {
    env: { REDISCLI_AUTH: 'any' },
  });
  if (code !== 0) throw new Error(`${words.join(' ')} ended with ${code}:\n${stdout}${stderr}`);
}

function move(mover: 'atomic' | 'migrate'): Pick<Errand, 'prepare'> {
  return {
    async prepare(bed) {
      const to = (await bed.settledHolder()) === 0 ? 1 : 0;
      const target = bed.cluster.member(to).id;
      const slots = `${SLOTS.first}-${SLOTS.last}`;
      return {
        words: [
          'reshard',
          bed.cluster.entry,
          '--slots',
          slots,
          '--cluster-to',
          target,
          '--mover',
          mover,
          '--yes',
        ],
        isDone: async () => (await bed.holder()) === to,
      };
    },
  };
}

export const ERRANDS: readonly Errand[] = [
  {
    name: 'check',
    suits: everywhere,
    rights: () => CHECK,
    prepare: async bed => ({
      words: ['check', bed.cluster.entry],
      isDone: async ({ stdout }) => stdout.includes('All 16384 slots covered'),
    }),
  },
  {
    name: 'check --search-multiple-owners',
    suits: everywhere,
    rights: ({ name }) => ({
      ...CHECK,
      '+cluster|countkeysinslot': 'needed',
      ...(name === 'redis-8.6' && {
        '+dbsize': 'needed',
        '+multi': 'needed',
        '+exec': 'needed',
        '+cluster|slot-stats': 'needed',
      }),
    }),
    prepare: async bed => ({
      words: ['check', bed.cluster.entry, '--search-multiple-owners'],
      isDone: async ({ stdout }) =>
        stdout.includes('All 16384 slots covered') && !/\[ERR\]|could not be counted/.test(stdout),
    }),
  },
  {
    name: 'reshard by MIGRATE',
    suits: everywhere,
    rights: () => ({ ...LOOK, ...BY_MIGRATE, ...FUNCTIONS, ...VISIBLE }),
    ...move('migrate'),
  },
  {
    name: 'reshard by atomic migration',
    suits: isAtomic,
    rights: ({ product }) => ({
      ...LOOK,
      '+cluster|countkeysinslot': 'useful',
      ...(product === 'redis'
        ? { '+cluster|migration': 'needed' }
        : {
            '+cluster|migrateslots': 'needed',
            '+cluster|getslotmigrations': 'needed',
            '+cluster|cancelslotmigrations': 'needed',
            '+eval_ro': 'useful',
          }),
      '+config|get': 'useful',
      '+acl|dryrun': 'useful',
      ...FUNCTIONS,
      ...VISIBLE,
    }),
    ...move('atomic'),
  },
  {
    name: 'fix',
    suits: everywhere,
    rights: ({ name }) => ({
      ...LOOK,
      ...BY_MIGRATE,
      '+cluster': 'needed',
      // For keys that a node holds without a mark of their slots.
      '+multi': name === 'redis-8.6' ? 'needed' : 'useful',
      '+exec': name === 'redis-8.6' ? 'needed' : 'useful',
      '+watch': 'needed',
      '+unwatch': 'needed',
      '+exists': 'needed',
      '+dump': 'needed',
      '+pttl': 'needed',
      '+type': 'needed',
      '+del': 'needed',
      '+asking': 'needed',
      ...VISIBLE,
      // Redis since 8.4 does not tell where keys lie astray, so that they are counted.
      ...(name === 'redis-8.6' && { '+dbsize': 'needed' }),
    }),
    async prepare(bed) {
      const from = await bed.settledHolder();
      const to = from === 0 ? 1 : 0;
      const [source, target] = [bed.cluster.node(from), bed.cluster.node(to)];
      const slot = `${SLOTS.first}`;
      await target.send('CLUSTER', 'SETSLOT', slot, 'IMPORTING', bed.cluster.member(from).id);
      await source.send('CLUSTER', 'SETSLOT', slot, 'MIGRATING', bed.cluster.member(to).id);
      const key = keyIn(SLOTS.first, 'k0');
      const { host, port } = target.setup;
      await source.send('MIGRATE', host, `${port}`, key, '0', '1000', 'AUTH2', 'default', 'any');
      // And one that both have.
      const twin = keyIn(SLOTS.first, 'k1');
      await source.send('MIGRATE', host, `${port}`, twin, '0', '1000', 'COPY', 'AUTH2', 'default', 'any');
      return {
        words: ['fix', bed.cluster.entry, '--yes'],
        isDone: async () => (await bed.openMarks()).length === 0,
        marks: await bed.openMarks(),
      };
    },
  },
  {
    name: 'failover',
    suits: everywhere,
    rights: () => ({ ...LOOK, '+cluster|failover': 'needed' }),
    async prepare(bed) {
      let replica = -1;
      await until('one of the two is a replica in step', async () => {
        for (const position of [2, 5]) {
          const info = await bed.cluster.node(position).text('INFO', 'replication');
          if (info.includes('master_link_status:up')) replica = position;
        }
        return replica >= 0;
      });
      return {
        words: ['failover', bed.cluster.entry, bed.cluster.member(replica).id, '--yes'],
        isDone: async () =>
          (await bed.cluster.node(replica).text('INFO', 'replication')).includes('role:master'),
      };
    },
  },
  {
    name: 'import',
    suits: everywhere,
    rights: () => ({
      ...CHECK,
      // A MIGRATE to which the target refuses it has brought the keys all the same, and they are found there.
      '+select': 'useful',
      '+scan': 'needed',
      '+migrate': 'needed',
      '+ping': 'useful',
      '+memory|usage': 'useful',
      '+restore': 'needed',
      '+restore-asking': 'useful',
      '+exists': 'needed',
      '+config|get': 'useful',
      '+cluster|info': 'useful',
    }),
    async prepare(bed) {
      const names = Array.from({ length: 20 }, (_, i) => `import:${i}`);
      await Promise.all(names.map(name => bed.lone.send('SET', name, 'value')));
      const before = await bed.keys();
      return {
        words: [
          'import',
          bed.cluster.entry,
          '--cluster-from',
          bed.lone.address,
          '--cluster-copy',
          '--cluster-from-user',
          USER,
          '--yes',
        ],
        env: { SLOTCTL_FROM_AUTH: PASSWORD },
        isDone: async () => {
          const keys = new Set(await bed.keys());
          return names.every(name => keys.has(name));
        },
        expectedKeys: { done: [...before, ...names].sort(), undone: before },
        tidyUp: async () => {
          await Promise.all(
            bed.cluster.nodes.map(async node => {
              const keys = await node.send('KEYS', 'import:*');
              if (!Array.isArray(keys) || !(await node.text('INFO', 'replication')).includes('role:master'))
                return;
              await Promise.all(keys.map(key => node.send('DEL', String(key))));
            }),
          );
        },
      };
    },
  },
  {
    name: 'backup',
    suits: everywhere,
    rights: () => ({ ...LOOK, '+cluster|info': 'useful', '+psync': 'needed', '+replconf': 'useful' }),
    prepare: async bed => {
      bed.remove('backup');
      return {
        words: ['backup', bed.cluster.entry, bed.path('backup')],
        isDone: async () => existsSync(bed.path('backup/manifest.json')),
      };
    },
  },
  {
    name: 'restore',
    suits: everywhere,
    rights: () => ({
      ...LOOK,
      '+cluster|info': 'useful',
      '+restore': 'needed',
      '+asking': 'useful',
      '+select': 'useful',
      '+function|list': 'useful',
      '+function|load': 'useful',
    }),
    async prepare(bed) {
      if (!existsSync(bed.path('saved/manifest.json')))
        await asAdmin('backup', bed.cluster.entry, bed.path('saved'));
      const before = await bed.keys();
      const key = keyIn(SLOTS.first, 'k2');
      const holder = await bed.settledHolder();
      await bed.cluster.node(holder).send('DEL', key);
      return {
        words: ['restore', bed.path('saved'), bed.cluster.entry, '--replace', '--yes'],
        isDone: async () => (await bed.cluster.node(holder).send('EXISTS', key)) === 1,
        expectedKeys: { done: before, undone: before.filter(name => name !== key) },
        tidyUp: async () => void (await bed.cluster.node(holder).send('SET', key, 'value 2')),
      };
    },
  },
  {
    name: 'add-node',
    suits: everywhere,
    rights: () => ({ ...LOOK, '+cluster': 'needed', '+function': 'needed' }),
    async prepare(bed) {
      const node = bed.newcomers.node(0);
      return {
        words: ['add-node', node.address, bed.cluster.entry, '--yes'],
        isDone: async () => (await nodesAccordingTo(node)).length === bed.cluster.nodes.length + 1,
        tidyUp: async () => {
          if ((await nodesAccordingTo(node)).length > 1)
            await asAdmin('del-node', bed.cluster.entry, node.address, '--yes');
        },
      };
    },
  },
  {
    name: 'del-node',
    suits: everywhere,
    rights: () => ({ ...LOOK, '+cluster|info': 'useful', '+cluster': 'needed' }),
    async prepare(bed) {
      const node = bed.newcomers.node(0);
      await asAdmin('add-node', node.address, bed.cluster.entry, '--yes');
      return {
        words: ['del-node', bed.cluster.entry, node.address, '--yes'],
        isDone: async () => (await nodesAccordingTo(node)).length === 1,
        tidyUp: async () => {
          if ((await nodesAccordingTo(node)).length > 1)
            await asAdmin('del-node', bed.cluster.entry, node.address, '--yes');
        },
      };
    },
  },
  {
    name: 'set-timeout',
    suits: everywhere,
    rights: () => ({
      '+info': 'needed',
      '+cluster|nodes': 'needed',
      '+config|get': 'needed',
      '+config|set': 'needed',
      '+config|rewrite': 'needed',
    }),
    async prepare(bed) {
      const now = String(await bed.cluster.node(0).send('CONFIG', 'GET', 'cluster-node-timeout'));
      const wanted = now.includes('2001') ? '2002' : '2001';
      return {
        words: ['set-timeout', bed.cluster.entry, wanted],
        isDone: async ({ code }) =>
          code === 0 &&
          String(await bed.cluster.node(1).send('CONFIG', 'GET', 'cluster-node-timeout')).includes(wanted),
      };
    },
  },
];
