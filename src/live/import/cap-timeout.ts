/**
 * How long servers may wait for each other in one MIGRATE. The source does nothing else meanwhile: where a node of the cluster
 * hangs, all clients of the source wait with it, and a source that is a cluster itself takes it for dead after its node
 * timeout. What is given up this early is tried again.
 */
import type { Fleet } from '../../resp/fleet.ts';
import { configGet } from '../../resp/membership-commands.ts';
import type { Address } from '../../topology/node.ts';
import { ifTold } from '../look.ts';
import type { ImportRun } from './import-run.ts';

/** Of clusters that do not tell theirs: as low as anybody should have it. */
const LOW_NODE_TIMEOUT_MS = 2000;

/** Half the node timeout of either cluster, whichever is shorter. */
export async function withinNodeTimeouts(run: ImportRun): Promise<ImportRun> {
  const { plan, source, target, limits } = run;
  if (plan.throughHere) return run;
  const [cluster] = plan.before.views;
  const from = plan.source.cluster?.views[0];
  const asked = await Promise.all([
    ...(cluster ? [nodeTimeoutOf(target, cluster.address)] : []),
    ...(from ? [nodeTimeoutOf(source, from.address)] : []),
  ]);
  const shortest = Math.min(...asked.map(({ ms }) => ms ?? LOW_NODE_TIMEOUT_MS));
  const timeoutMs = Math.min(limits.timeoutMs, Math.ceil(shortest / 2));
  const silent = asked.find(({ ms }) => ms === undefined);
  if (silent && timeoutMs < limits.timeoutMs)
    run.tell({ kind: 'timeout-unknown', node: silent.node, timeoutMs });
  return { ...run, limits: { ...limits, timeoutMs } };
}

async function nodeTimeoutOf(fleet: Fleet, node: Address): Promise<{ node: Address; ms?: number }> {
  const ms = Number(await ifTold(fleet.send(node, configGet('cluster-node-timeout'))));
  return ms > 0 ? { node, ms } : { node };
}
