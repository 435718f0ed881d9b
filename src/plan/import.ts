/** Keys that come from elsewhere into a cluster: what there is to take, where it goes, and what stands against it. */
import { diagnose, NO_WISHES } from '../topology/diagnose.ts';
import type { Address } from '../topology/node.ts';
import { SLOT_COUNT } from '../topology/slot-set.ts';
import { type ClusterSnapshot, isPrimary, type ServerFacts } from '../topology/snapshot.ts';
import { takesValuesOf } from './mixtures.ts';
import { damageIn } from './move-plan.ts';
import type { Decision, Refusal } from './refusal.ts';

/** What becomes of databases that come together in one. */
export type DatabaseClash = 'refuse' | 'prefix' | 'last';

export interface SourceNode {
  readonly address: Address;
  readonly server: ServerFacts;
  readonly runId: string;
  /** Databases with keys, by number. */
  readonly keyspace: readonly { readonly database: number; readonly keys: number }[];
  readonly expired: number;
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
}

export interface ImportSituation {
  readonly source: ImportSource;
  readonly target: ClusterSnapshot;
  /** How many databases the target has. */
  readonly targetDatabases: number;
  readonly wishes: ImportWishes;
}

export function planImport({
  source,
  target,
  targetDatabases,
  wishes,
}: ImportSituation): Decision<ImportPlan> {
  const refusals = refusalsOf(source, target, wishes);
  if (refusals.length > 0) return { kind: 'refused', refusals };
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
  return {
    kind: 'plan',
    plan: {
      source,
      before: target,
      databases,
      mayClash: !stays && databases.length > 1 && wishes.clash !== 'prefix',
      // MIGRATE gives no key another name.
      throughHere: wishes.throughHere || databases.some(({ prefix }) => prefix !== ''),
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
  target: ClusterSnapshot,
  { despiteFindings, copy, throughHere }: ImportWishes,
): Refusal[] {
  const members = new Set(target.views.flatMap(({ nodes: known }) => known.map(({ id }) => id)));
  const shared = cluster?.views.find(({ id }) => members.has(id));
  if (shared) return [{ kind: 'same-cluster', node: shared.address }];
  const refusals = damageIn(target, { despiteFindings });
  if (cluster && !despiteFindings) {
    const findings = diagnose(cluster, NO_WISHES).filter(({ severity }) => severity === 'error');
    if (findings.length > 0) refusals.push({ kind: 'source-damaged', findings });
  }
  // Only a primary can let go of keys, and MIGRATE is a write also where they stay.
  const replica = cluster ? undefined : nodes.find(({ server }) => server.replication.role === 'replica');
  if (replica && !(copy && throughHere)) refusals.push({ kind: 'source-replica', node: replica.address });
  if (despiteFindings) return refusals;
  return [...refusals, ...unreadable(nodes, target), ...(copy ? [] : evicting(nodes, target))];
}

/** By the rule of thumb that data take as much memory here as there, and that each node gets as many of them as it has slots. */
function evicting(nodes: readonly SourceNode[], { views }: ClusterSnapshot): Refusal[] {
  const coming = nodes.reduce((sum, { server }) => sum + (server.usedMemoryBytes ?? 0), 0);
  return views.flatMap(({ id, self, server: { evictsAboveBytes: most, usedMemoryBytes = 0 } }): Refusal[] => {
    if (!isPrimary(self) || most === undefined) return [];
    const bytes = usedMemoryBytes + Math.round((coming * self.slots.size) / SLOT_COUNT);
    return bytes > most ? [{ kind: 'target-evicts', node: id, bytes, most }] : [];
  });
}

/** Of several nodes of one version, one is named. */
function unreadable(nodes: readonly SourceNode[], { views }: ClusterSnapshot): Refusal[] {
  const named = new Set<string>();
  return views
    .filter(({ self }) => isPrimary(self))
    .flatMap(({ id, server }): Refusal[] => {
      const newer = nodes.find(source => !takesValuesOf(server, source.server));
      if (!newer || named.has(server.version)) return [];
      named.add(server.version);
      return [{ kind: 'source-newer', node: id, source: newer.address, version: newer.server.version }];
    });
}

export type ImportEvent =
  | { readonly kind: 'database-began'; readonly database: ImportedDatabase }
  /** `names`: as they can be shown; of each carried key, where somebody wants to know. */
  | {
      readonly kind: 'carried';
      readonly keys: number;
      readonly to: Address;
      readonly names?: readonly string[];
    }
  | { readonly kind: 'clash'; readonly key: string; readonly database: number; readonly node: Address }
  | { readonly kind: 'noted'; readonly text: string }
  /** `interrupted`: nobody is to blame. */
  | { readonly kind: 'failed'; readonly text: string }
  | { readonly kind: 'interrupted' }
  | { readonly kind: 'counted'; readonly result: ImportResult };

export interface ImportResult {
  /** Keys that were sent and taken. */
  readonly carried: number;
  /** Of these and others: the cluster had them already, with the same value. */
  readonly alreadyThere: number;
  /** Of these: the cluster had another value, which is in the rescue file. */
  readonly overwritten: number;
  /** The cluster has another value; both are kept. */
  readonly clashing: number;
  /** Another database has the key, and wins. */
  readonly outvoted: number;
  /** Too big to be moved without holding up the servers. */
  readonly giants: number;
  readonly source: { readonly before: number; readonly after: number };
  readonly cluster: { readonly before: number; readonly after: number };
  /** At both ends, meanwhile. */
  readonly expired: number;
  readonly evicted: number;
  /** Slots went from node to node of the source, and perhaps past us. */
  readonly sourceMoved?: boolean;
  /** Values were written over without a look: how many were there is not known. */
  readonly isBlind?: boolean;
  /** Where values of the cluster are that gave way. */
  readonly rescueFile?: string;
}

/** Fewer keys than were carried, and no count that explains it. Others may add keys meanwhile; nobody should lose any. */
export function missingKeys({
  carried,
  alreadyThere,
  overwritten,
  cluster,
  expired,
  evicted,
  isBlind = false,
}: ImportResult): {
  readonly unexplained: number;
  readonly evicted: number;
} {
  const wanted = carried - alreadyThere - overwritten;
  const missing = isBlind ? 0 : Math.max(0, wanted - (cluster.after - cluster.before));
  return { unexplained: Math.max(0, missing - expired - evicted), evicted: Math.min(missing, evicted) };
}
