/** `create` is hit while it makes a cluster of nodes that know nobody; run again, it has to come to its end. */

import type { LoneNodes } from '../../support/lone-nodes.ts';
import { until } from '../../support/poll.ts';
import { Random } from '../../support/simulated/random.ts';
import { removeFolder, tempFolder } from '../../support/temp-folder.ts';
import { describe, type Ended, runToEnd, start } from './program.ts';
import { sometime } from './scene.ts';

/** Without the wait for the last nodes to agree, which changes nothing any more. */
const SPAN = { from: 100, to: 1500 };

export interface CreateResult {
  readonly midway: boolean;
}

/** There are no keys yet that could be lost. */
export async function playCreateRound(lone: LoneNodes, seed: number): Promise<CreateResult> {
  const random = new Random(seed);
  const folder = tempFolder('create');
  await Promise.all(lone.nodes.map(node => node.send('CLUSTER', 'RESET', 'HARD')));
  const words = ['create', ...lone.addresses, '--cluster-replicas', '1', '--yes'];
  const runs: Ended[] = [];
  try {
    const running = start(words, folder);
    await sometime(random, SPAN);
    running.child.kill('SIGKILL');
    const first = await running.ended;
    runs.push(first);
    const again = await runToEnd(words, folder);
    runs.push(again);
    if (again.code !== 0) throw new Error('create does not go on');
    await until('everybody has a replica that is in sync', async () => {
      const check = await runToEnd(['check', lone.addresses[0] ?? '', '--min-replicas', '1'], folder);
      return check.code === 0;
    });
    return { midway: first.signal === 'SIGKILL' };
  } catch (error) {
    throw new Error([`${error}`, ...runs.map(describe)].join('\n--\n'), { cause: error });
  } finally {
    removeFolder(folder);
  }
}
