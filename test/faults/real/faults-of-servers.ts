/** Faults that hit one of the servers while slots move. */
import { setTimeout as sleep } from 'node:timers/promises';
import { SlotSet } from '../../../src/topology/slot-set.ts';
import { until } from '../../support/poll.ts';
import { NODE_TIMEOUT_MS, type Owner } from './bed.ts';
import { type Fault, type Scene, sometime, type Underway } from './scene.ts';

export type Part = 'source' | 'target' | 'third';

export const PARTS: readonly Part[] = ['source', 'target', 'third'];

/** Its replica has taken over, where it has one; it says so itself, and others believe it a moment later. */
async function untilReplaced({ bed }: Scene, { replicas, server }: Owner): Promise<void> {
  const [replica] = replicas;
  if (replica === undefined) return;
  await until(`the replica of ${server.address} takes over`, async () =>
    (await bed.cluster.node(replica).text('INFO', 'replication')).includes('role:master'),
  );
}

/**
 * Replicas of Redis do not know which slots are open: one that takes over from a source answers for keys that have gone
 * already as if they had never been, until slotctl has set the marks anew. (After a target has failed over, the source
 * goes on sending clients away, and the new target is marked before they are sent there.) Valkey tells its replicas.
 */
function marksAreForgotten(
  part: Part,
  { mover, product }: Parameters<NonNullable<Fault['forgets']>>[0],
): boolean {
  return part === 'source' && mover === 'migrate' && product === 'redis';
}

/** For shorter than others need to notice, or for longer. */
const ABSENCE = { from: 10, to: NODE_TIMEOUT_MS * 2 };

/**
 * `synced`: nothing is lost; a write is on disk before it is acknowledged, and MIGRATE deletes a key only when the target
 * has acknowledged it, and therefore has it on disk.
 * `copied`: nothing that the client takes for done; the replica has it, and takes over before the killed one returns. Keys
 * that move are sent to the target's replica in the same turn in which the target acknowledges them.
 * `bare`: all that the killed one had, also what had just come to it. Other slots lose nothing.
 */
export function killed(part: Part): Fault {
  return {
    name: `${part} killed and started again`,
    forgets: how => marksAreForgotten(part, how),
    async strike(scene) {
      const victim = scene[part];
      await sometime(scene.random, scene.span);
      scene.hit();
      await victim.server.kill();
      await untilReplaced(scene, victim);
      await sometime(scene.random, ABSENCE);
      await victim.server.start();
    },
    mayLose(scene) {
      if (scene.bed.kind !== 'bare') return SlotSet.empty;
      return part === 'target' ? scene.target.slots.union(scene.slots) : scene[part].slots;
    },
  };
}

/**
 * Silent for longer than the node timeout, so that its replica takes over where there is one. What it still acknowledges
 * afterwards, before it notices, no replica has, so that the client does not take it for done. But it may also hand over
 * a key meanwhile that its successor has, too.
 */
export function stopped(part: Part): Fault {
  return {
    name: `${part} stopped for longer than the node timeout`,
    forgets: ({ mover }) => part === 'source' && mover === 'migrate',
    async strike(scene) {
      const victim = scene[part];
      await sometime(scene.random, scene.span);
      scene.hit();
      victim.server.signal('SIGSTOP');
      try {
        await untilReplaced(scene, victim);
        await sleep(NODE_TIMEOUT_MS + scene.random.below(1000));
      } finally {
        victim.server.signal('SIGCONT');
      }
    },
  };
}

/**
 * The replica becomes the primary while nothing is broken. Agreed upon, nothing is lost; by TAKEOVER the old primary
 * acknowledges writes for another moment, which no replica has. But what is open the servers do not hand on (Valkey does
 * since 8.0), so that for a moment the new owner answers from before the move.
 */
export function failover(part: Part, how: 'agreed' | 'TAKEOVER'): Fault {
  return {
    name: `CLUSTER FAILOVER${how === 'agreed' ? '' : ` ${how}`} of the ${part}`,
    forgets: round =>
      how === 'agreed' ? marksAreForgotten(part, round) : part === 'source' && round.mover === 'migrate',
    async strike(scene) {
      const [replica = -1] = scene[part].replicas;
      const words = how === 'agreed' ? [] : [how];
      await sometime(scene.random, scene.span);
      scene.hit();
      await scene.bed.cluster.node(replica).send('CLUSTER', 'FAILOVER', ...words);
      await untilReplaced(scene, scene[part]);
    },
    // A replica that just takes over does not wait for what its primary has got last, be it from clients or by MIGRATE. Clients
    // that wait for replicas do not take it for done; the source of a key does.
    mayLose: scene =>
      how === 'TAKEOVER' && part === 'target' && scene.mover === 'migrate' ? scene.slots : SlotSet.empty,
  };
}

/** A setting that is wrong from some moment on, until the work has ended or failed, or for a while. */
async function misconfigured(
  { random, span, hit }: Underway,
  { server }: Owner,
  name: string,
  value: () => Promise<string>,
): Promise<void> {
  await sometime(random, span);
  const wrong = await value();
  hit();
  await server.send('CONFIG', 'SET', name, wrong);
}

/** Full, and therefore refuses what comes. A client that is refused has not written. */
export const OUT_OF_MEMORY: Fault = {
  name: 'target out of memory',
  strike: scene =>
    misconfigured(scene, scene.target, 'maxmemory', async () => {
      const info = await scene.target.server.text('INFO', 'memory');
      const used = Number(/^used_memory:(\d+)/m.exec(info)?.[1]);
      return `${used + scene.random.below(100_000)}`;
    }),
  relieve: async ({ target }) => void (await target.server.send('CONFIG', 'SET', 'maxmemory', '0')),
};

/**
 * A primary that wants its replica for every write loses it for a while, and refuses writes, and with them keys that come or
 * go. Redis throws away what an atomic migration brings then, and owns the slots all the same; so slotctl does not begin
 * one where the setting is there, and goes by MIGRATE. (Somebody who changes the setting in the middle of a migration
 * loses keys, whatever slotctl does: Redis 8.6.3 does not even say so.)
 */
export function tooFewReplicas(part: 'source' | 'target'): Fault {
  return {
    name: `min-replicas-to-write not met at the ${part}`,
    async prepare(scene) {
      await scene[part].server.send('CONFIG', 'SET', 'min-replicas-to-write', '1');
      return scene.mover === 'atomic' ? ['--mover', 'auto'] : [];
    },
    async strike(scene) {
      const [replica = -1] = scene[part].replicas;
      await sometime(scene.random, scene.span);
      scene.hit();
      await scene.bed.cluster.node(replica).kill();
      await sometime(scene.random, ABSENCE);
      await scene.bed.cluster.node(replica).start();
    },
    async relieve(scene) {
      await scene[part].server.send('CONFIG', 'SET', 'min-replicas-to-write', '0');
    },
  };
}

/** So little that replicas, and whoever fetches slots, are thrown out while large values go by. */
const LITTLE = 'normal 200000 0 0 replica 200000 0 0';
const USUAL = 'normal 0 0 0 replica 268435456 67108864 60';

/** Replicas lose their connection and copy anew; no primary does. */
export const FULL_BUFFERS: Fault = {
  name: 'full output buffers at source and target',
  textBytes: 100_000,
  async strike({ source, target, random, span, hit }) {
    await sometime(random, { from: 0, to: span.to / 2 });
    hit();
    for (const { server } of [source, target]) {
      await server.send('CONFIG', 'SET', 'repl-backlog-size', '16384');
      await server.send('CONFIG', 'SET', 'client-output-buffer-limit', LITTLE);
    }
  },
  async relieve({ source, target }) {
    for (const { server } of [source, target]) {
      await server.send('CONFIG', 'SET', 'client-output-buffer-limit', USUAL);
      await server.send('CONFIG', 'SET', 'repl-backlog-size', '1048576');
    }
  },
};
