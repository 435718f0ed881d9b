/** Everything of slotctl that moves or copies keys, each with the slots for whose keys its exit code speaks. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { SlotSet } from '../../../src/topology/slot-set.ts';
import { freePort } from '../../support/ports.ts';
import { ServerProcess } from '../../support/server-process.ts';
import { describe, runToEnd } from '../real/program.ts';
import { ownersAmong } from './holdings.ts';
import { idOf, type LossScene, slotsOf, untilSettled, writeHoldings } from './scene.ts';

export interface Work {
  readonly name: string;
  /** What is there before, and the words for it. */
  begin(scene: LossScene): Promise<readonly string[]>;
  /** Slots whose keys it has in its hands: an end with 0 says that they are there. */
  concerned(scene: LossScene): SlotSet;
  /** Keys that a client does not find afterwards. */
  missing?(scene: LossScene): Promise<string[]>;
  /** Whether slots change hands, in one of two ways. */
  readonly movesSlots: boolean;
  /** Whether keys come into a target whose memory they need. */
  readonly hasTarget: boolean;
}

const SLOWLY = ['--max-keys-per-second', '4000'];
const PLAN = 'plan.json';

function mover({ mover: way }: LossScene): readonly string[] {
  return way === 'atomic' ? ['--mover', 'atomic'] : ['--mover', 'migrate', '--window', '16', ...SLOWLY];
}

function reshardWords(scene: LossScene): readonly string[] {
  const { entry, parts } = scene;
  const slots = `${slotsOf(scene, parts.source)}`;
  return ['reshard', entry, '--slots', slots, '--cluster-to', idOf(scene, parts.target)];
}

const ends = (scene: LossScene) => {
  const { source, target } = scene.parts;
  return slotsOf(scene, source).union(slotsOf(scene, target));
};

const everything = () => SlotSet.all;

const move = { movesSlots: true, hasTarget: true } as const;
const copy = { movesSlots: false, hasTarget: true } as const;

const RESHARD: Work = {
  ...move,
  name: 'reshard',
  concerned: ends,
  async begin(scene) {
    await writeHoldings(scene);
    return [...reshardWords(scene), '--yes', ...mover(scene)];
  },
};

const APPLY: Work = {
  ...move,
  name: 'apply',
  concerned: ends,
  async begin(scene) {
    await writeHoldings(scene);
    const planned = await runToEnd([...reshardWords(scene), '--plan-out', PLAN], scene.folder);
    if (planned.code !== 0) throw new Error(`no plan: ${describe(planned)}`);
    return ['apply', PLAN, scene.entry, '--yes', ...mover(scene)];
  },
};

const REBALANCE: Work = {
  ...move,
  name: 'rebalance',
  concerned: everything,
  async begin(scene) {
    const { entry, parts } = scene;
    await writeHoldings(scene);
    const weights = [`${idOf(scene, parts.source)}=0`, `${idOf(scene, parts.target)}=3`];
    return ['rebalance', entry, '--cluster-weight', ...weights, '--yes', ...mover(scene)];
  },
};

const DRAIN: Work = {
  ...move,
  name: 'del-node --drain',
  concerned: everything,
  async begin(scene) {
    const { cluster, parts } = scene;
    await writeHoldings(scene);
    // Whoever leaves cannot be asked afterwards.
    const entry = cluster.node(2).address;
    return ['del-node', entry, idOf(scene, parts.source), '--drain', '--yes'];
  },
};

async function startBeside({ build, others, folder, ...scene }: LossScene, own: readonly string[]) {
  const config = [...own, ...scene.config];
  const host = '127.0.0.1';
  const port = await freePort(host);
  const server = new ServerProcess({
    build,
    host,
    port,
    config: [`bind ${host}`, `port ${port}`, 'protected-mode no', ...config],
  });
  others.push(server);
  await server.start();
  return { server, folder };
}

const ADD: Work = {
  ...move,
  name: 'add-node --rebalance',
  concerned: everything,
  async begin(scene) {
    await writeHoldings(scene);
    const busPort = await freePort();
    const config = ['cluster-enabled yes', `cluster-port ${busPort}`, 'cluster-node-timeout 1500'];
    const { server } = await startBeside(scene, [...config, 'repl-diskless-sync-delay 0']);
    scene.parts.target = server;
    return ['add-node', server.address, scene.entry, '--rebalance', '--yes'];
  },
};

const OPEN_SLOTS = 2000;

/** A move that was given up as soon as its slots were open: `fix` brings all their keys to the target. */
const FIX: Work = {
  ...move,
  name: 'fix',
  concerned: ends,
  async begin(scene) {
    const { entry, parts } = scene;
    await writeHoldings(scene);
    const slots = slotsOf(scene, parts.source)
      .take(OPEN_SLOTS)
      .ranges.flatMap(({ first, last }) =>
        Array.from({ length: last - first + 1 }, (_, i) => `${first + i}`),
      );
    const [from, to] = [idOf(scene, parts.source), idOf(scene, parts.target)];
    for (const slot of slots) await parts.target.send('CLUSTER', 'SETSLOT', slot, 'IMPORTING', from);
    for (const slot of slots) await parts.source.send('CLUSTER', 'SETSLOT', slot, 'MIGRATING', to);
    return ['fix', entry, '--yes'];
  },
};

function importing(...options: readonly string[]): Work {
  return {
    ...copy,
    name: ['import', ...options].join(' '),
    concerned: everything,
    async begin(scene) {
      const { server } = await startBeside(scene, []);
      await scene.holdings.writeTo(() => server);
      scene.parts.source = server;
      return ['import', scene.entry, '--cluster-from', server.address, '--yes', ...SLOWLY, ...options];
    },
    missing: async scene => {
      const nodes = await untilSettled({ ...scene, others: [] });
      return scene.holdings.missingFrom(await ownersAmong(nodes), SlotSet.all);
    },
  };
}

const BACKUP_FOLDER = 'saved';

async function savedBefore(scene: LossScene): Promise<void> {
  await writeHoldings(scene);
  const saved = await runToEnd(['backup', scene.entry, BACKUP_FOLDER], scene.folder);
  if (saved.code !== 0) throw new Error(`no backup: ${describe(saved)}`);
}

const RESTORE: Work = {
  ...copy,
  name: 'restore',
  concerned: everything,
  async begin(scene) {
    await savedBefore(scene);
    await Promise.all(scene.cluster.nodes.map(node => node.send('FLUSHALL').catch(() => {})));
    return ['restore', BACKUP_FOLDER, scene.entry, '--yes'];
  },
};

const RESTORE_OVER: Work = {
  ...RESTORE,
  name: 'restore --replace',
  async begin(scene) {
    await savedBefore(scene);
    return ['restore', BACKUP_FOLDER, scene.entry, '--yes', '--replace'];
  },
};

/** What is in the files is asked of servers that load them. */
async function missingFromFiles(scene: LossScene): Promise<string[]> {
  const folder = join(scene.folder, BACKUP_FOLDER);
  const files = readdirSync(folder).filter(name => name.endsWith('.rdb'));
  let missing: readonly string[] = scene.holdings.keys;
  for (const file of files) {
    const { server } = await startBeside(scene, [`dir ${folder}`, `dbfilename ${file}`]);
    const held = new Set(await scene.holdings.missingFrom(() => server, SlotSet.all));
    missing = missing.filter(key => held.has(key));
    await server.kill();
  }
  return [...missing];
}

const BACKUP: Work = {
  movesSlots: false,
  hasTarget: false,
  name: 'backup',
  concerned: everything,
  async begin(scene) {
    await writeHoldings(scene);
    return ['backup', scene.entry, BACKUP_FOLDER];
  },
  missing: missingFromFiles,
};

/** Over one that is good: where this one is not, that one has to be there. */
const BACKUP_OVER: Work = {
  ...BACKUP,
  name: 'backup --replace',
  async begin(scene) {
    await savedBefore(scene);
    return ['backup', scene.entry, BACKUP_FOLDER, '--replace'];
  },
};

export const WORKS: readonly Work[] = [
  ...[RESHARD, APPLY, REBALANCE, DRAIN, ADD, FIX],
  importing(),
  importing('--cluster-copy'),
  importing('--through-here'),
  importing('--cluster-replace', '--no-rescue'),
  ...[RESTORE, RESTORE_OVER, BACKUP, BACKUP_OVER],
];

export async function missingAfter(work: Work, scene: LossScene): Promise<string[]> {
  if (work.missing) return work.missing(scene);
  const nodes = await untilSettled(scene);
  return scene.holdings.missingFrom(await ownersAmong(nodes), work.concerned(scene));
}
