/**
 * What a server says no with. The only place that looks into the text of an error: all others go by the kind. The texts are
 * those of Redis 5.0 to 8.6 and of Valkey 7.2 to 9.1.
 */

/** As far as it makes a difference to somebody. */
export type RefusalKind =
  | 'moved'
  | 'ask'
  | 'try-again'
  | 'cluster-down'
  | 'loading'
  /** A script or a function runs, and nobody else is served. */
  | 'busy'
  | 'no-replicas'
  /** A replica that has lost its primary, and must not answer meanwhile. */
  | 'primary-link-down'
  /** MIGRATE did not get through to the other server, or got no answer from it. */
  | 'io-error'
  | 'read-only'
  | 'out-of-memory'
  | 'busy-key'
  | 'wrong-type'
  | 'no-such-key'
  /** The server counts how often keys are used, and not when. */
  | 'no-idle-time'
  /** A dump of a version that the server does not know, or not a dump at all. */
  | 'bad-payload'
  | 'too-large'
  | 'no-login'
  | 'wrong-login'
  /** It wants no password. */
  | 'needless-login'
  | 'no-permission'
  | 'unknown-command'
  | 'no-cluster'
  | 'no-such-database'
  | 'unknown-node'
  | 'not-a-primary'
  /** The primary of a replica that was to take over from it. */
  | 'primary-failed'
  | 'library-exists'
  /** Of an order to move slots: somebody else moves them, or has moved them. */
  | 'already-migrating'
  | 'no-migration'
  | 'other';

export interface ServerRefusal {
  readonly kind: RefusalKind;
  /** Of a MIGRATE: it is the target that says so, and the source passes it on. */
  readonly byTarget: boolean;
  /** Without who passed it on. */
  readonly said: string;
}

const CODES: ReadonlyMap<string, RefusalKind> = new Map([
  ['MOVED', 'moved'],
  ['ASK', 'ask'],
  ['TRYAGAIN', 'try-again'],
  ['CLUSTERDOWN', 'cluster-down'],
  ['LOADING', 'loading'],
  ['BUSY', 'busy'],
  ['NOREPLICAS', 'no-replicas'],
  ['MASTERDOWN', 'primary-link-down'],
  ['IOERR', 'io-error'],
  ['READONLY', 'read-only'],
  ['OOM', 'out-of-memory'],
  ['BUSYKEY', 'busy-key'],
  ['WRONGTYPE', 'wrong-type'],
  ['NOAUTH', 'no-login'],
  ['WRONGPASS', 'wrong-login'],
  ['NOPERM', 'no-permission'],
]);

/** Behind `ERR `. Servers differ in capitals and in quotation marks. */
const SENTENCES: readonly (readonly [beginning: RegExp, kind: RefusalKind])[] = [
  [/^unknown (sub)?command/i, 'unknown-command'],
  [/^unknown node/i, 'unknown-node'],
  [/^this instance has cluster support disabled/i, 'no-cluster'],
  [/^.{0,20}SETSLOT only with (masters|primaries)/i, 'not-a-primary'],
  [/^(master|primary) is down or failed/i, 'primary-failed'],
  [/not allowed in cluster mode|out of range/i, 'no-such-database'],
  [/^no such key/i, 'no-such-key'],
  [/^an LFU maxmemory policy is selected/i, 'no-idle-time'],
  [/^(bad data format|DUMP payload version)/i, 'bad-payload'],
  [/^(client sent AUTH|AUTH <password> called without any password)/i, 'needless-login'],
  // Before there were users.
  [/^invalid password/i, 'wrong-login'],
  [/^(library|function) .* already exists/i, 'library-exists'],
  [/^no migrations ongoing/i, 'no-migration'],
  [
    /\balready (migrating|the owner|in progress|being)\b|^overlapping import|migrations overlap/i,
    'already-migrating',
  ],
  [/too (large|big)/i, 'too-large'],
];

const TARGET_SAYS = 'ERR Target instance replied with error: ';
/** EXEC says why none of the commands was carried out. */
const EXEC_SAYS = 'EXECABORT Transaction discarded because of: ';

export function readRefusal(text: string): ServerRefusal {
  const byTarget = text.startsWith(TARGET_SAYS);
  const said = byTarget ? text.slice(TARGET_SAYS.length) : text;
  const why = said.startsWith(EXEC_SAYS) ? said.slice(EXEC_SAYS.length) : said;
  return { kind: kindOf(why), byTarget, said };
}

function kindOf(text: string): RefusalKind {
  const [code = ''] = text.split(' ', 1);
  if (code !== 'ERR') return CODES.get(code) ?? 'other';
  const sentence = text.slice(code.length + 1);
  return SENTENCES.find(([beginning]) => beginning.test(sentence))?.[1] ?? 'other';
}
