/**
 * `rolling-failover`: replicas that were upgraded become primaries, one shard after the other. A shard is done when its
 * primary is as it was wished for, so that the same wish again goes on where the last run stopped:
 * - without a wish: no replica of it that answers runs a newer version of the same product;
 * - `versions`, `hosts`: the primary runs one of these, and stands on one of these;
 * - `all`: never. Then every primary is replaced once by each run.
 */
import { type DiagnoseOptions, diagnose } from '../../topology/diagnose.ts';
import type { Finding } from '../../topology/finding.ts';
import type { NodeId } from '../../topology/node.ts';
import {
  type ClusterSnapshot,
  type NodeView,
  primariesInOrder,
  replicasOf,
  type ServerFacts,
  viewOf,
} from '../../topology/snapshot.ts';
import { isOlder } from '../membership/compatibility.ts';
import type { Decision, Refusal } from '../refusal.ts';
import type { Remark } from '../step.ts';
import {
  bestReplica,
  type FailoverPlan,
  type FailoverTerms,
  isLinked,
  judgeSwap,
  remarksOn,
  type Swap,
  swapStages,
} from './failover.ts';
import type { FailoverStep } from './step.ts';

export interface Wish {
  readonly all: boolean;
  /** `8.6` stands for all that begin so. */
  readonly versions: readonly string[];
  readonly hosts: readonly string[];
}

export interface RollingRequest {
  readonly snapshot: ClusterSnapshot;
  readonly wish: Wish;
  readonly maxLagBytes: number;
  readonly migrations: FailoverTerms['migrations'];
}

export interface RollingPlan extends FailoverPlan {
  /** Shards whose primaries stay. */
  readonly settled: readonly NodeId[];
}

export function planRolling({ snapshot, wish, ...rest }: RollingRequest): Decision<RollingPlan> {
  const terms: FailoverTerms = { ...rest, way: 'graceful', despiteFindings: false };
  const owners = primariesInOrder(snapshot).filter(({ self }) => self.slots.size > 0);
  const due = owners.filter(view => !isSettled(view, replicasOf(snapshot, view.id), wish));
  const settled = owners.filter(view => !due.includes(view)).map(({ id }) => id);
  const swaps: Swap[] = [];
  const refusals: Refusal[] = [];
  for (const view of due) {
    const heir = bestReplica(snapshot, view.id, fittest(view, replicasOf(snapshot, view.id), wish));
    if (!heir) {
      const { versions, hosts } = wish;
      refusals.push({ kind: 'nobody-as-wanted', primary: view.id, versions, hosts });
      continue;
    }
    const swap: Swap = { replica: heir.id, primary: view.id, way: 'graceful' };
    refusals.push(...judgeSwap(snapshot, swap, terms));
    swaps.push(swap);
  }
  const dueIds = due.map(({ id }) => id);
  if (due.length > 0) refusals.push(...doubts(snapshot, dueIds, rest.maxLagBytes));
  if (refusals.length > 0) return { kind: 'refused', refusals: onlyOnce(refusals) };
  const stages = swaps.flatMap(swap => [
    [{ kind: 'be-ready', node: swap.replica, primary: swap.primary, maxLagBytes: rest.maxLagBytes } as const],
    ...swapStages(snapshot, swap, rest.maxLagBytes),
  ]);
  return {
    kind: 'plan',
    plan: { before: snapshot, swaps, settled, stages, remarks: together(snapshot, swaps) },
  };
}

function isSettled(
  primary: NodeView,
  replicas: readonly NodeView[],
  { all, versions, hosts }: Wish,
): boolean {
  if (all) return false;
  if (versions.length + hosts.length > 0) return isAsWished(primary, versions, hosts);
  return !replicas.some(({ server }) => isNewer(server, primary.server));
}

function isAsWished(
  { server, address, self }: NodeView,
  versions: readonly string[],
  hosts: readonly string[],
): boolean {
  const { version } = server;
  const names = [address, self.address].flatMap(place => (place ? [place.host, place.hostname] : []));
  const fits = (wanted: string) => version === wanted || version.startsWith(`${wanted}.`);
  return (
    (versions.length === 0 || versions.some(fits)) &&
    (hosts.length === 0 || hosts.some(host => names.includes(host)))
  );
}

/** Those who are as wished for; of these the ones that get data, and of these the newest. */
function fittest(primary: NodeView, replicas: readonly NodeView[], { versions, hosts }: Wish): NodeView[] {
  const wished = replicas.filter(
    view =>
      isAsWished(view, versions, hosts) &&
      (versions.length + hosts.length > 0 || !isNewer(primary.server, view.server)),
  );
  const linked = wished.filter(isLinked);
  const able = linked.length > 0 ? linked : wished;
  return able.filter(({ server }) => !able.some(other => isNewer(other.server, server)));
}

/** Number by number. Of two products neither is the newer one. */
export function isNewer(a: ServerFacts, b: ServerFacts): boolean {
  if (a.product !== b.product) return false;
  const [own, other] = [a.version, b.version].map(version => version.split('.').map(Number.parseFloat));
  const at = (own ?? []).findIndex((number, i) => number !== (other?.[i] ?? 0));
  return at !== -1 && (own?.[at] ?? 0) > (other?.[at] ?? 0);
}

/**
 * What makes one hold still in the middle of it: anything wrong anywhere, a node that somebody suspects, and a replica in
 * the shards at hand that is not in step. A replica elsewhere that is older than its primary, and gets nothing because of
 * that, is about to be upgraded.
 */
export function doubtsAbout(
  snapshot: ClusterSnapshot,
  primaries: readonly NodeId[],
  maxReplicaLagBytes: number,
): Finding[] {
  const options: DiagnoseOptions = { minReplicas: 0, maxReplicaLagBytes };
  return diagnose(snapshot, options).filter(finding => {
    switch (finding.kind) {
      case 'replica-link-down':
      case 'replica-behind': {
        if (primaries.includes(finding.primary)) return true;
        const [own, source] = [finding.nodes[0], finding.primary].map(id => viewOf(snapshot, id)?.server);
        return finding.severity === 'error' && !(own && source && isOlder(own, source));
      }
      // Also one that only loads its copy: it is not in step.
      case 'node-unreachable':
      case 'node-suspected':
        return true;
      default:
        return finding.severity === 'error';
    }
  });
}

/** What stands against a failover that is to be the next, by then. */
export function readiness(
  snapshot: ClusterSnapshot,
  { node, primary, maxLagBytes }: Extract<FailoverStep, { kind: 'be-ready' }>,
  migrations: FailoverTerms['migrations'],
): Refusal[] {
  const terms = { way: 'graceful', despiteFindings: false, maxLagBytes, migrations } as const;
  const swap = { replica: node, primary, way: 'graceful' } as const;
  return [...judgeSwap(snapshot, swap, terms), ...doubts(snapshot, [primary], maxLagBytes)];
}

/** Whether it is gone as soon as replicas are through with their copies. */
export function isAboutCopies(refusal: Refusal): boolean {
  if (refusal.kind === 'replica-unlinked') return refusal.syncing;
  if (refusal.kind !== 'in-doubt') return false;
  return refusal.findings.every(
    finding =>
      (finding.kind === 'replica-link-down' && finding.syncing) ||
      (finding.kind === 'node-unreachable' && finding.severity === 'warning'),
  );
}

function doubts(snapshot: ClusterSnapshot, primaries: readonly NodeId[], most: number): Refusal[] {
  const findings = doubtsAbout(snapshot, primaries, most);
  return findings.length > 0 ? [{ kind: 'in-doubt', findings }] : [];
}

/** What is said of all shards in the same words is said once. */
function onlyOnce(refusals: readonly Refusal[]): Refusal[] {
  const seen = new Set<string>();
  return refusals.filter(refusal => {
    const text = JSON.stringify(refusal);
    return !seen.has(text) && seen.add(text);
  });
}

/** What is true of several shards is said of all of them at once. */
function together(snapshot: ClusterSnapshot, swaps: readonly Swap[]): Remark[] {
  const remarks = swaps.flatMap(swap => remarksOn(snapshot, swap));
  return (['older-than-primary', 'hears-later'] as const).flatMap((kind): Remark[] => {
    const nodes = remarks.flatMap(remark => (remark.kind === kind ? remark.nodes : []));
    return nodes.length > 0 ? [{ kind, nodes: [...new Set(nodes)] }] : [];
  });
}
