/** What makes servers lose keys, or seem to, while slotctl moves or copies them. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../../support/poll.ts';
import type { ServerProcess } from '../../support/server-process.ts';
import { runToEnd } from '../real/program.ts';
import { idOf, type LossScene, type Part, slotsOf } from './scene.ts';
import type { Work } from './works.ts';

export interface Underway extends LossScene {
  /** Milliseconds that the work usually takes, from when it has connected. */
  readonly usualMs: number;
  isOver(): boolean;
}

export interface Struck {
  /** It was over, and the servers up again, before the work was. */
  readonly midway: boolean;
  /** Asked when the work has ended: whether it has looked at the server since keys were gone. Nobody knows what came later. */
  couldKnow(): Promise<boolean>;
}

export interface Hazard {
  readonly name: string;
  suits(work: Work): boolean;
  /** No key is lost by it, so the work gets done, and says so. */
  readonly isHarmless?: true;
  readonly replicasPerPrimary?: number;
  readonly config?: readonly string[];
  /** Before clients have written. */
  prepare?(scene: LossScene): Promise<void>;
  /** When the words are about to be said; further ones. */
  begin?(scene: LossScene): Promise<readonly string[]>;
  strike(scene: Underway): Promise<Struck>;
  relieve?(scene: LossScene): Promise<void>;
  /** Of the machine, whatever has happened. */
  release?(scene: LossScene): void;
}

const always = async () => true;
const fromTheStart = async (): Promise<Struck> => ({ midway: true, couldKnow: always });
const hasTarget = ({ hasTarget: has }: Work) => has;
const anyWork = () => true;

/** Early enough for the rest of the work to notice. */
function sometime({ random, usualMs }: Underway): Promise<void> {
  return sleep(random.below(Math.max(1, Math.round(usualMs * 0.6))));
}

export const NOTHING: Hazard = { name: 'nothing', isHarmless: true, suits: anyWork, strike: fromTheStart };

async function usedBytes(server: ServerProcess): Promise<number> {
  return Number(/^used_memory:(\d+)/m.exec(await server.text('INFO', 'memory'))?.[1]);
}

/** How many keys it has evicted, and how often it was asked for INFO before this. */
async function vitals(server: ServerProcess): Promise<{ readonly evicted: number; readonly looks: number }> {
  const text = await server.text('INFO', 'everything');
  const numberIn = (pattern: RegExp) => Number(pattern.exec(text)?.[1] ?? 0);
  return { evicted: numberIn(/^evicted_keys:(\d+)/m), looks: numberIn(/^cmdstat_info:calls=(\d+)/m) };
}

/** The server's own count: nobody else asks it meanwhile, but for the first of these two questions. */
async function looksAfter(server: ServerProcess): Promise<Struck['couldKnow']> {
  const { looks } = await vitals(server);
  return async () => (await vitals(server)).looks > looks + 1;
}

const POLICIES = ['allkeys-lru', 'allkeys-random', 'allkeys-lfu'] as const;

async function limitMemory({ parts, random }: LossScene, roomBytes: number): Promise<void> {
  const { target } = parts;
  await target.send('CONFIG', 'SET', 'maxmemory-policy', random.pick(POLICIES));
  await target.send('CONFIG', 'SET', 'maxmemory', `${(await usedBytes(target)) + roomBytes}`);
}

/** Or those who look for the keys afterwards, too, would have some evicted. */
async function withoutLimit({ parts: { target } }: LossScene): Promise<void> {
  await target.send('CONFIG', 'SET', 'maxmemory', '0');
}

const LITTLE_ROOM = 300_000;

const EVICTS_FROM_THE_START: Hazard = {
  name: 'a target without room evicts',
  suits: hasTarget,
  async begin(scene) {
    await limitMemory(scene, LITTLE_ROOM);
    return [];
  },
  strike: fromTheStart,
  relieve: withoutLimit,
};

/** Somebody was told, and wants it all the same. */
const EVICTS_DESPITE_FINDINGS: Hazard = {
  ...EVICTS_FROM_THE_START,
  name: 'a target without room evicts, --despite-findings',
  suits: ({ name }) => /^(reshard|apply|rebalance|import|restore)/.test(name),
  async begin(scene) {
    await limitMemory(scene, LITTLE_ROOM);
    return ['--despite-findings'];
  },
};

const EVICTS_IN_THE_MIDDLE: Hazard = {
  name: 'a target begins to evict',
  suits: hasTarget,
  async strike(scene) {
    await sometime(scene);
    await limitMemory(scene, scene.random.below(LITTLE_ROOM));
    const midway = !scene.isOver();
    const { target } = scene.parts;
    let evicts = false;
    await until('keys are evicted, or the work is over', async () => {
      evicts = (await vitals(target)).evicted > 0;
      return evicts || scene.isOver();
    });
    return { midway, couldKnow: evicts ? await looksAfter(target) : async () => false };
  },
  relieve: withoutLimit,
};

/** Without persistence: it has its place in the cluster, its slots, and no key. */
function comesBackEmpty(part: Part): Hazard {
  return {
    name: `the ${part} is killed and comes back empty`,
    suits: ({ hasTarget: has }) => has || part !== 'target',
    async strike(scene) {
      await sometime(scene);
      await scene.parts[part].restart();
      const midway = !scene.isOver();
      return { midway, couldKnow: await looksAfter(scene.parts[part]) };
    },
  };
}

function answers(server: ServerProcess): Promise<boolean> {
  return server.send('PING').then(
    () => true,
    () => false,
  );
}

const DISK_MEGABYTES = 16;
const diskOf = ({ parts: { target } }: LossScene) => join(target.folder, 'disk');

/** A small disk of its own; when that is full, the target refuses what comes, or ends since it cannot save what it knows. */
const DISK_FULL: Hazard = {
  name: "the target's disk is full",
  suits: hasTarget,
  config: ['enable-protected-configs yes'],
  async begin(scene) {
    const { target } = scene.parts;
    const disk = diskOf(scene);
    mkdirSync(disk);
    const { status, stderr } = spawnSync('mount', [
      '-t',
      'tmpfs',
      '-o',
      `size=${DISK_MEGABYTES}m`,
      'tmpfs',
      disk,
    ]);
    if (status !== 0) throw new Error(`no disk could be made: ${stderr}`);
    copyFileSync(join(target.folder, 'nodes.conf'), join(disk, 'nodes.conf'));
    await target.send('CONFIG', 'SET', 'dir', disk);
    await target.send('CONFIG', 'SET', 'appendonly', 'yes');
    await until('its log is being written', async () =>
      /aof_rewrite_in_progress:0[\s\S]*aof_rewrite_scheduled:0/.test(
        await target.text('INFO', 'persistence'),
      ),
    );
    return [];
  },
  async strike(scene) {
    await sometime(scene);
    const filling = join(diskOf(scene), 'filling');
    spawnSync('dd', ['if=/dev/zero', `of=${filling}`, 'bs=64k', `count=${DISK_MEGABYTES * 16}`]);
    const { target } = scene.parts;
    // While it runs it has all its keys, and what it could not write is missing when it is started again.
    return { midway: !scene.isOver(), couldKnow: async () => !target.isRunning };
  },
  async relieve(scene) {
    const { target } = scene.parts;
    const disk = diskOf(scene);
    rmSync(join(disk, 'filling'), { force: true });
    const takesWrites = async () =>
      (await target.text('INFO', 'persistence')).includes('aof_last_write_status:ok');
    if (target.isRunning && (await answers(target))) return until('it takes writes again', takesWrites);
    // What it has left on the disk may be too torn for it to start with: then its keys are missing.
    await target.kill();
    await target.start({ config: [`dir ${disk}`, 'appendonly yes'] }).catch(() => target.kill());
  },
  release: scene => void spawnSync('umount', ['-l', diskOf(scene)]),
};

/** An emptied primary becomes a replica of its heir and copies all that it has; that may take long. */
const SLOW_COPIES: Hazard = {
  name: 'copies to replicas are slow',
  isHarmless: true,
  suits: ({ movesSlots, name }) => movesSlots && name !== 'fix',
  replicasPerPrimary: 1,
  config: ['cluster-allow-replica-migration yes', 'repl-diskless-sync yes', 'repl-diskless-sync-delay 20'],
  strike: fromTheStart,
};

/** Each with a part of the slots in common: one of them may stop, and no key may be lost between them. */
const TWO_AT_ONCE: Hazard = {
  name: 'a second slotctl moves slots at the same time',
  suits: ({ movesSlots, name }) => movesSlots && name !== 'fix',
  async strike(scene) {
    await sometime(scene);
    const { parts, folder, cluster } = scene;
    const slots = slotsOf(scene, parts.source).take(1500);
    const words = [
      'reshard',
      cluster.node(2).address,
      '--slots',
      `${slots}`,
      '--cluster-to',
      idOf(scene, parts.third),
    ];
    await runToEnd([...words, '--yes'], folder);
    return fromTheStart();
  },
};

/** To another node and back again, until the work has ended. */
const THERE_AND_BACK: Hazard = {
  name: 'slots go to another node and back',
  suits: ({ name }) => name.startsWith('backup') || name.startsWith('import'),
  async strike(scene) {
    const { cluster, folder } = scene;
    const slots = `${cluster.member(0).slots.take(1000)}`;
    for (let times = 0; times < 20 && !scene.isOver(); times++) {
      for (const to of [1, 0]) {
        const words = [
          'reshard',
          cluster.node(2).address,
          '--slots',
          slots,
          '--cluster-to',
          cluster.member(to).id,
        ];
        await runToEnd([...words, '--yes'], folder);
      }
    }
    return fromTheStart();
  },
};

export const HAZARDS: readonly Hazard[] = [
  NOTHING,
  ...[EVICTS_FROM_THE_START, EVICTS_DESPITE_FINDINGS, EVICTS_IN_THE_MIDDLE],
  ...(['source', 'target', 'third'] as const).map(comesBackEmpty),
  ...[DISK_FULL, SLOW_COPIES, TWO_AT_ONCE, THERE_AND_BACK],
];
