/** After a run: nobody may have won by doing less, or by losing keys. */
import { setTimeout as sleep } from 'node:timers/promises';
import { SLOT_COUNT } from '../../src/topology/slot-set.ts';
import { nodesAccordingTo } from '../../test/support/cluster.ts';
import { keyCounts } from '../../test/support/data.ts';
import { runToEnd } from '../run-program.ts';
import { SLOTCTL } from '../slotctl.ts';
import type { FilledCluster } from './filled-cluster.ts';

/** Servers delete what they have moved by themselves in the background. */
const KEYS_SETTLE_MS = 30_000;
const AGREE_MS = 30_000;
const POLL_MS = 200;
/** In percent, for a rebalance: the usual threshold of both tools. */
const UNEVEN = 2;

/** Whether every node agreed as soon as the tool had ended. */
export async function verify(filled: FilledCluster, folder: string, signal: AbortSignal): Promise<boolean> {
  const agreedAtOnce = await agree(filled, folder, signal);
  const keys = await settledKeys(filled, signal);
  if (keys !== filled.keys) throw new Error(`there are ${keys} keys instead of ${filled.keys}`);
  await verifyOwners(filled);
  return agreedAtOnce;
}

async function agree({ cluster }: FilledCluster, folder: string, signal: AbortSignal): Promise<boolean> {
  const giveUpAt = performance.now() + AGREE_MS;
  for (let tries = 1; ; tries++) {
    try {
      await runToEnd({ file: process.execPath, args: [SLOTCTL, 'check', cluster.entry] }, folder, signal);
      return tries === 1;
    } catch (error) {
      if (signal.aborted || performance.now() > giveUpAt) throw error;
      await sleep(POLL_MS, undefined, { signal });
    }
  }
}

async function settledKeys({ cluster, keys }: FilledCluster, signal: AbortSignal): Promise<number> {
  const giveUpAt = performance.now() + KEYS_SETTLE_MS;
  for (;;) {
    const found = await keyCounts(cluster);
    if (found <= keys || performance.now() > giveUpAt) return found;
    await sleep(POLL_MS, undefined, { signal });
  }
}

async function verifyOwners({ cluster, moveCase }: FilledCluster): Promise<void> {
  const { move, primaries, keysPerSlot } = moveCase;
  const nodes = await nodesAccordingTo(cluster.node(0));
  const sizeAt = (position: number) => {
    const node = nodes.find(({ id }) => id === cluster.member(position).id);
    return node?.role === 'primary' ? node.slots.size : 0;
  };
  if (move.kind === 'rebalance') {
    const least = Math.floor((SLOT_COUNT / primaries) * (1 - UNEVEN / 100));
    const sizes = cluster.members.map((_, position) => sizeAt(position));
    if (Math.min(...sizes) < least) throw new Error(`somebody has too few slots: ${sizes.join(', ')}`);
    return;
  }
  const target = move.sources;
  const own = cluster.member(target).slots.size;
  const got = sizeAt(target) - own;
  // The clis round every source's part down but the first one's.
  if (got > move.slots || got <= move.slots - move.sources)
    throw new Error(`the target got ${got} slots instead of ${move.slots}`);
  const wanted = (moveCase.filled === 'all' ? own + got : got) * keysPerSlot;
  const keys = Number(await cluster.node(target).send('DBSIZE'));
  if (keys !== wanted) throw new Error(`the target has ${keys} keys instead of ${wanted}`);
}
