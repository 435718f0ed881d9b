/** INFO: lines of `field:value` under headings. Read into what the rest of the program asks about. */
import type { Address } from '../topology/node.ts';
import type { ListedReplica, Replication, ServerFacts, Vitals } from '../topology/snapshot.ts';
import { asText, excerpt, type Reply, ReplyShapeError } from './reply.ts';
import { MAX_LINES } from './reply-bounds.ts';

export interface ServerInfo extends ServerFacts {
  /** Keys in databases other than 0, which DBSIZE of database 0 leaves out. */
  readonly keysInOtherDatabases: number;
}

export function decodeInfo(reply: Reply): ServerInfo {
  const fields = readFields(asText(reply));
  const version = fields.get('valkey_version') ?? fields.get('redis_version');
  if (!version || !/^[\w.+-]{1,40}$/.test(version)) throw new ReplyShapeError('no version in it');
  const databases = readKeyspace(fields);
  const total = (counts: readonly (readonly [number, number])[]) =>
    counts.reduce((sum, [, keys]) => sum + keys, 0);
  return {
    product: fields.has('valkey_version') || fields.get('server_name') === 'valkey' ? 'valkey' : 'redis',
    version,
    release: readRelease(version),
    replication: readReplication(fields),
    ...(fields.get('loading') === '1' && { isLoading: true as const }),
    databases: databases.map(([database]) => database),
    keys: total(databases),
    keysInOtherDatabases: total(databases.filter(([database]) => database !== 0)),
    ...readZone(fields.get('availability_zone')),
    ...numberField(fields, 'used_memory', 'usedMemoryBytes'),
    ...readEviction(fields),
    ...numberField(fields, 'connected_clients', 'connectedClients'),
    ...numberField(fields, 'instantaneous_ops_per_sec', 'opsPerSecond'),
    ...readVitals(fields),
  };
}

/** A twentieth of all fields: at a thousand nodes it is felt whether the others are read too. */
const NAMES = [
  'redis_version',
  'valkey_version',
  'server_name',
  'availability_zone',
  'role',
  'master_repl_offset',
  'master_host',
  'master_port',
  'master_link_status',
  'master_sync_in_progress',
  'master_sync_read_bytes',
  'master_sync_total_bytes',
  'master_last_io_seconds_ago',
  'master_link_down_since_seconds',
  'slave_repl_offset',
  'used_memory',
  'used_memory_startup',
  'mem_clients_normal',
  'mem_clients_slaves',
  'mem_replication_backlog',
  'mem_total_replication_buffers',
  'mem_not_counted_for_evict',
  'maxmemory',
  'maxmemory_policy',
  'connected_clients',
  'instantaneous_ops_per_sec',
  'run_id',
  'uptime_in_seconds',
  'evicted_keys',
  'expired_keys',
  'rdb_bgsave_in_progress',
  'aof_rewrite_in_progress',
  'loading',
  'loading_loaded_bytes',
  'loading_total_bytes',
  'slave\\d+',
  'db\\d+',
];
const WANTED = new RegExp(`^(${NAMES.join('|')}):(.*?)\\r?$`, 'gm');

function readFields(text: string): Map<string, string> {
  // There are thousands of replies, and nearly all are shorter than that.
  if (text.length > MAX_LINES && hasTooManyLines(text))
    throw new ReplyShapeError(`more than ${MAX_LINES} lines`);
  return new Map([...text.matchAll(WANTED)].map(([, name = '', value = '']) => [name, value]));
}

function hasTooManyLines(text: string): boolean {
  let lines = 1;
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) lines++;
  return lines > MAX_LINES;
}

/** INFO replication, where nothing else is asked. */
export function decodeReplication(reply: Reply): Replication {
  return readReplication(readFields(asText(reply)));
}

/** INFO persistence, where nothing else is asked: what a server is busy with. */
export interface Busyness {
  /** A child process saves or rewrites its data. */
  readonly isForked: boolean;
  /** How far it is with reading in its data; absent where it does not. */
  readonly loading?: { readonly loadedBytes?: number; readonly totalBytes?: number };
}

export function decodeBusyness(reply: Reply): Busyness {
  const fields = readFields(asText(reply));
  const loading = {
    ...numberField(fields, 'loading_loaded_bytes', 'loadedBytes'),
    ...numberField(fields, 'loading_total_bytes', 'totalBytes'),
  };
  return { isForked: isForked(fields), ...(Object.keys(loading).length > 0 && { loading }) };
}

function isForked(fields: ReadonlyMap<string, string>): boolean {
  return ['rdb_bgsave_in_progress', 'aof_rewrite_in_progress'].some(name => fields.get(name) === '1');
}

/** Free text of whoever configured the server: what would upset a terminal is left out. */
function readZone(text = ''): { zone?: string } {
  const zone = excerpt(text);
  return zone === '' ? {} : { zone };
}

/** Without a limit nothing is thrown away, and with the policy `noeviction` writes are refused instead. */
function readEviction(fields: ReadonlyMap<string, string>): { evictsAboveBytes?: number } {
  const limit = numberOf(fields.get('maxmemory')) ?? 0;
  const evicts = (fields.get('maxmemory_policy') ?? 'noeviction') !== 'noeviction';
  return limit > 0 && evicts ? { evictsAboveBytes: limit } : {};
}

/** Absent where the server does not say which start of it this is: then nothing can be concluded from two answers. */
function readVitals(fields: ReadonlyMap<string, string>): { vitals?: Vitals } {
  const runId = fields.get('run_id') ?? '';
  if (!/^[0-9a-f]{40}$/.test(runId)) return {};
  const count = (name: string) => numberOf(fields.get(name)) ?? 0;
  const limit = count('maxmemory');
  return {
    vitals: {
      runId,
      uptimeSeconds: count('uptime_in_seconds'),
      evictedKeys: count('evicted_keys'),
      expiredKeys: count('expired_keys'),
      ...(limit > 0 && { maxMemoryBytes: limit }),
      evictionPolicy: excerpt(fields.get('maxmemory_policy') ?? 'noeviction'),
      isForked: isForked(fields),
      baseBytes: count('used_memory_startup') + count('mem_clients_normal') + replicationBytes(count),
      unlimitedBytes: count('mem_not_counted_for_evict'),
    },
  };
}

/** Since 7.0 the backlog and what waits for replicas share their memory. */
function replicationBytes(count: (name: string) => number): number {
  const apart = count('mem_replication_backlog') + count('mem_clients_slaves');
  return Math.max(count('mem_total_replication_buffers'), apart);
}

function readRelease(version: string): { major: number; minor: number } {
  const [, major, minor] = /^(\d{1,4})\.(\d{1,4})/.exec(version) ?? [];
  return { major: Number(major ?? 0), minor: Number(minor ?? 0) };
}

function readReplication(fields: ReadonlyMap<string, string>): Replication {
  if (fields.get('role') !== 'slave' && fields.get('role') !== 'replica') {
    const replicas = readReplicas(fields);
    return {
      role: 'primary',
      offset: numberOf(fields.get('master_repl_offset')) ?? 0,
      ...(replicas.length > 0 && { replicas }),
    };
  }
  const up = fields.get('master_link_status') === 'up';
  const syncing = fields.get('master_sync_in_progress') === '1';
  // -1 while the primary was never heard of.
  const lastContactSeconds = numberOf(fields.get('master_last_io_seconds_ago'));
  // 0 or -1 where the primary does not know beforehand.
  const total = numberOf(fields.get('master_sync_total_bytes')) ?? 0;
  return {
    role: 'replica',
    link: up ? 'up' : syncing ? 'syncing' : 'down',
    offset: numberOf(fields.get('slave_repl_offset')) ?? 0,
    ...(syncing && numberField(fields, 'master_sync_read_bytes', 'receivedBytes')),
    ...(syncing && total > 0 && { totalBytes: total }),
    ...(!up && fields.get('master_link_down_since_seconds') === '-1' && { neverLinked: true as const }),
    ...readSource(fields),
    ...(up && lastContactSeconds !== undefined && lastContactSeconds >= 0 && { lastContactSeconds }),
  };
}

const HOST = /^[\w.:%-]{1,255}$/;

function readSource(fields: ReadonlyMap<string, string>): { source?: Address } {
  const [host, port] = [fields.get('master_host') ?? '', numberOf(fields.get('master_port'))];
  return HOST.test(host) && port !== undefined && port > 0 && port <= 65535 ? { source: { host, port } } : {};
}

/**
 * `slave0:ip=10.0.0.1,port=6379,state=online,…`. With a connection of its own for the data, Redis calls the state
 * send_bulk_and_stream and Valkey bg_transfer. Who only takes a copy (a backup) has no port, and is no replica of anybody's.
 */
function readReplicas(fields: ReadonlyMap<string, string>): ListedReplica[] {
  return [...fields].flatMap(([name, value]): ListedReplica[] => {
    if (!/^slave\d+$/.test(name)) return [];
    const [, host = '', digits, state = ''] =
      /^ip=([^,]{1,255}),port=(\d{1,5}),state=(\w{1,30})/.exec(value) ?? [];
    const port = numberOf(digits) ?? 0;
    if (port === 0) return [];
    const listed = state === 'online' ? 'online' : /^wait_/.test(state) ? 'waiting' : 'sending';
    return [{ host, port, state: listed }];
  });
}

/** `db0:keys=12,expires=0,avg_ttl=0`: how many keys each database holds. */
function readKeyspace(fields: ReadonlyMap<string, string>): [database: number, keys: number][] {
  return [...fields].flatMap(([name, value]): [number, number][] => {
    const database = numberOf(/^db(\d+)$/.exec(name)?.[1]);
    return database === undefined ? [] : [[database, numberOf(/\bkeys=(\d+)/.exec(value)?.[1]) ?? 0]];
  });
}

function numberOf(text: string | undefined): number | undefined {
  return text !== undefined && /^-?\d{1,15}$/.test(text) ? Number(text) : undefined;
}

function numberField<N extends string>(
  fields: ReadonlyMap<string, string>,
  field: string,
  name: N,
): { [K in N]?: number } {
  const value = numberOf(fields.get(field));
  return (value === undefined ? {} : { [name]: value }) as { [K in N]?: number };
}
