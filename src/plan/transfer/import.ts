/** Keys that come from elsewhere into a cluster: what there is to take, where it goes, and what stands against it. */
import { diagnose, type Examined, NO_WISHES } from '../../topology/diagnose.ts';
import type { Address, NodeId } from '../../topology/node.ts';
import { SLOT_COUNT } from '../../topology/slot-set.ts';
import { type ClusterSnapshot, primariesIn, type ServerFacts } from '../../topology/snapshot.ts';
import { takesValuesOf } from '../membership/compatibility.ts';
import { dataBytes, lackOfMemory } from '../memory.ts';
import type { Decision, Refusal } from '../refusal.ts';
import { damageIn } from '../slots/move-plan.ts';

/** What becomes of databases that come together in one. */
export type DatabaseClash = 'refuse' | 'prefix' | 'last';

export interface KeysOfDatabase {
  readonly database: number;
  readonly keys: number;
  /** Of these: with a time to live. Absent where the server does not tell. */
  readonly expires?: number;
}

export interface SourceNode {
  readonly address: Address;
  readonly server: ServerFacts;
  readonly runId: string;
  /** Databases with keys, by number. */
  readonly keyspace: readonly KeysOfDatabase[];
  readonly evicted: number;
}

/** A server by itself, or all primaries of a cluster. */
export interface ImportSource {
  readonly nodes: readonly SourceNode[];
  /** Where it is one. */
  readonly cluster?: ClusterSnapshot;
}

export interface ImportWishes {
  readonly copy: boolean;
  readonly replace: boolean;
  /** Values come by way of us, and not from server to server. */
  readonly throughHere: boolean;
  readonly clash: DatabaseClash;
  /** Absent: all. */
  readonly databases?: readonly number[];
  readonly despiteFindings: boolean;
}

export interface ImportedDatabase {
  readonly database: number;
  /** Where it goes. */
  readonly into: number;
  /** What its keys are called from then on, in front of their names. */
  readonly prefix: string;
  readonly keys: number;
}

export interface ImportPlan {
  readonly source: ImportSource;
  readonly before: ClusterSnapshot;
  /** By number. */
  readonly databases: readonly ImportedDatabase[];
  /** Several come together in one, under the names that they have. */
  readonly mayClash: boolean;
  readonly throughHere: boolean;
  readonly keys: number;
  /** Where what comes may not fit; the source keeps it, or the person insists. */
  readonly tight: readonly TightNode[];
  /** Each source logs in at the cluster as we do. */
  readonly sourceLogsIn: boolean;
}

/** A primary of the cluster that would need more memory than it may take. */
export interface TightNode {
  readonly node: NodeId;
  readonly bytes: number;
  readonly most: number;
  /** It throws keys away then; others take no more. */
  readonly evicts: boolean;
}

/** How both ends are reached. */
export interface ImportWays {
  /** The cluster asks for a password. */
  readonly hasLogin: boolean;
  readonly sourceTls: boolean;
  readonly targetTls: boolean;
  /** Whether the source speaks TLS with the nodes that it sends keys to; absent where it does not tell. */
  readonly sourceSendsTls?: boolean;
}

export interface ImportSituation {
  readonly source: ImportSource;
  readonly target: Examined;
  /** How many databases the target has. */
  readonly targetDatabases: number;
  readonly wishes: ImportWishes;
  readonly ways: ImportWays;
}

export function planImport({
  source,
  target: seen,
  targetDatabases,
  wishes,
  ways,
}: ImportSituation): Decision<ImportPlan> {
  const { snapshot: target } = seen;
  const tight = tightNodes(source.nodes, target, wishes);
  const present = databasesIn(source).filter(
    ({ database }) => !wishes.databases || wishes.databases.includes(database),
  );
  // Where each has its counterpart, every key stays where it is looked for.
  const stays = present.every(({ database }) => database < targetDatabases);
  const databases = present.map(({ database, keys }) => ({
    database,
    into: stays ? database : 0,
    prefix: !stays && wishes.clash === 'prefix' && database !== 0 ? `db${database}:` : '',
    keys,
  }));
  // MIGRATE gives no key another name.
  const throughHere = wishes.throughHere || databases.some(({ prefix }) => prefix !== '');
  const refusals = refusalsOf(source, seen, wishes);
  if (refusals.length === 0 && !throughHere) refusals.push(...closedWays(source, ways));
  if (refusals.length === 0 && !wishes.despiteFindings && !wishes.copy)
    refusals.push(...tight.map((node): Refusal => ({ kind: 'target-full', ...node })));
  if (refusals.length > 0) return { kind: 'refused', refusals };
  return {
    kind: 'plan',
    plan: {
      source,
      before: target,
      databases,
      mayClash: !stays && databases.length > 1 && wishes.clash !== 'prefix',
      throughHere,
      tight,
      sourceLogsIn: ways.hasLogin && !throughHere,
      keys: databases.reduce((sum, { keys }) => sum + keys, 0),
    },
  };
}

function databasesIn({ nodes }: ImportSource): { database: number; keys: number }[] {
  const found = new Map<number, number>();
  for (const { database, keys } of nodes.flatMap(({ keyspace }) => keyspace))
    found.set(database, (found.get(database) ?? 0) + keys);
  return [...found].map(([database, keys]) => ({ database, keys })).sort((a, b) => a.database - b.database);
}

function refusalsOf(
  { nodes, cluster }: ImportSource,
  seen: Examined,
  { despiteFindings, copy, throughHere }: ImportWishes,
): Refusal[] {
  const { snapshot: target } = seen;
  const members = new Set(target.views.flatMap(({ nodes: known }) => known.map(({ id }) => id)));
  const shared = cluster?.views.find(({ id }) => members.has(id));
  if (shared) return [{ kind: 'same-cluster', node: shared.address }];
  const refusals = damageIn(seen, { despiteFindings });
  if (cluster && !despiteFindings) {
    const findings = diagnose(cluster, NO_WISHES).filter(({ severity }) => severity === 'error');
    if (findings.length > 0) refusals.push({ kind: 'source-damaged', findings });
  }
  // Only a primary can let go of keys, and MIGRATE is a write also where they stay.
  const replica = cluster ? undefined : nodes.find(({ server }) => server.replication.role === 'replica');
  if (replica && !(copy && throughHere)) refusals.push({ kind: 'source-replica', node: replica.address });
  if (despiteFindings) return refusals;
  return [...refusals, ...unreadable(nodes, target)];
}

/**
 * Of the limit, and more than elsewhere: what comes takes more memory in one server than in another, and is not spread evenly
 * over the slots, in which nobody has counted it.
 */
const SPARE_SHARE = 0.05;

/** By the rule of thumb that data take as much memory here as there, and that each node gets as many of them as it has slots. */
function tightNodes(
  nodes: readonly SourceNode[],
  target: ClusterSnapshot,
  { databases }: ImportWishes,
): TightNode[] {
  const coming = nodes.reduce((sum, node) => sum + bytesOf(node, databases), 0);
  if (coming === 0) return [];
  return primariesIn(target).flatMap(({ id, self, server }): TightNode[] => {
    const lack = lackOfMemory(server, (coming * self.slots.size) / SLOT_COUNT, { spareShare: SPARE_SHARE });
    const evicts = server.evictsAboveBytes !== undefined;
    return lack ? [{ node: id, bytes: lack.usedBytes + lack.comingBytes, most: lack.mostBytes, evicts }] : [];
  });
}

/** Of the databases that are wanted, by their share of the keys. Also of little: that need not be the average of a key. */
function bytesOf({ server, keyspace }: SourceNode, wanted: ImportWishes['databases']): number {
  const sum = (some: readonly KeysOfDatabase[]) => some.reduce((all, { keys }) => all + keys, 0);
  const all = sum(keyspace);
  if (all === 0) return 0;
  const own = sum(keyspace.filter(({ database }) => !wanted || wanted.includes(database)));
  return (dataBytes(server) * own) / all;
}

/** MIGRATE has the source log in at the cluster: it learns the password, and others on the way do where we ask it in plain text. */
function closedWays(
  { nodes }: ImportSource,
  { hasLogin, sourceTls, targetTls, sourceSendsTls }: ImportWays,
): Refusal[] {
  const [first] = nodes;
  if (!first || !targetTls) return [];
  return [
    ...(hasLogin && !sourceTls ? [{ kind: 'login-in-clear', source: first.address } as const] : []),
    ...(sourceSendsTls === false ? [{ kind: 'source-sends-plain', source: first.address } as const] : []),
  ];
}

/** Of several nodes of one version, one is named. */
function unreadable(nodes: readonly SourceNode[], target: ClusterSnapshot): Refusal[] {
  const named = new Set<string>();
  return primariesIn(target).flatMap(({ id, server }): Refusal[] => {
    const newer = nodes.find(source => !takesValuesOf(server, source.server));
    if (!newer || named.has(server.version)) return [];
    named.add(server.version);
    return [{ kind: 'source-newer', node: id, source: newer.address, version: newer.server.version }];
  });
}
