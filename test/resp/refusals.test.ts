import { describe, expect, test } from 'vitest';
import { type RefusalKind, readRefusal } from '../../src/resp/refusals.ts';

const LRU =
  'Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust.';

/** As servers send them: Redis 5.0 to 8.6, Valkey 7.2 to 9.1. */
const TEXTS: readonly (readonly [text: string, kind: RefusalKind])[] = [
  ['MOVED 866 127.0.0.1:7001', 'moved'],
  ['MOVED 866 :7001', 'moved'],
  ['ASK 866 127.0.0.1:7001', 'ask'],
  ['TRYAGAIN Multiple keys request during rehashing of slot', 'try-again'],
  ['CLUSTERDOWN Hash slot not served', 'cluster-down'],
  ['CLUSTERDOWN The cluster is down', 'cluster-down'],
  ['CLUSTERDOWN The cluster is down and only accepts read commands', 'cluster-down'],
  ['LOADING Redis is loading the dataset in memory', 'loading'],
  ['LOADING Valkey is loading the dataset in memory', 'loading'],
  ['BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.', 'busy'],
  ['BUSY Valkey is busy running a script. You can only call FUNCTION KILL or SHUTDOWN NOSAVE.', 'busy'],
  ['NOREPLICAS Not enough good replicas to write.', 'no-replicas'],
  ['NOREPLICAS Not enough good slaves to write.', 'no-replicas'],
  ["MASTERDOWN Link with MASTER is down and slave-serve-stale-data is set to 'no'.", 'primary-link-down'],
  ["MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.", 'primary-link-down'],
  ['IOERR error or timeout connecting to the client', 'io-error'],
  ['IOERR error or timeout reading to target instance', 'io-error'],
  ['IOERR error or timeout writing to target instance', 'io-error'],
  ["READONLY You can't write against a read only slave.", 'read-only'],
  ["READONLY You can't write against a read only replica.", 'read-only'],
  ["OOM command not allowed when used memory > 'maxmemory'.", 'out-of-memory'],
  ['BUSYKEY Target key name already exists.', 'busy-key'],
  ['WRONGTYPE Operation against a key holding the wrong kind of value', 'wrong-type'],
  ['ERR no such key', 'no-such-key'],
  [`ERR An LFU maxmemory policy is selected, idle time not tracked. ${LRU}`, 'no-idle-time'],
  ['ERR DUMP payload version or checksum are wrong', 'bad-payload'],
  ['ERR Bad data format', 'bad-payload'],
  ['ERR Protocol error: too big bulk count string', 'too-large'],
  ['NOAUTH Authentication required.', 'no-login'],
  ['WRONGPASS invalid username-password pair or user is disabled.', 'wrong-login'],
  ['WRONGPASS (the rest is withheld: it may repeat the password)', 'wrong-login'],
  ['ERR invalid password', 'wrong-login'],
  ['ERR Client sent AUTH, but no password is set', 'needless-login'],
  [
    'ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?',
    'needless-login',
  ],
  ["NOPERM this user has no permissions to run the 'migrate' command", 'no-permission'],
  ["NOPERM User default has no permissions to run the 'cluster|setslot' command", 'no-permission'],
  ['NOPERM No permissions to access a key', 'no-permission'],
  ['ERR unknown command `HPEXPIRETIME`, with args beginning with: `key`, ', 'unknown-command'],
  ["ERR unknown command 'HPEXPIRETIME', with args beginning with: 'key' ", 'unknown-command'],
  [
    "ERR Unknown subcommand or wrong number of arguments for 'SLOT-STATS'. Try CLUSTER HELP.",
    'unknown-command',
  ],
  ["ERR unknown subcommand 'SLOT-STATS'. Try CLUSTER HELP.", 'unknown-command'],
  ['ERR This instance has cluster support disabled', 'no-cluster'],
  ['ERR SELECT is not allowed in cluster mode', 'no-such-database'],
  ['ERR DB index is out of range', 'no-such-database'],
  ['ERR Unknown node 0123456789012345678901234567890123456789', 'unknown-node'],
  ['ERR You can use SETSLOT only with masters.', 'not-a-primary'],
  ['ERR Please use SETSLOT only with masters.', 'not-a-primary'],
  ['ERR Please use SETSLOT only with primaries.', 'not-a-primary'],
  ['ERR Master is down or failed, please use CLUSTER FAILOVER FORCE', 'primary-failed'],
  ['ERR Primary is down or failed, please use CLUSTER FAILOVER FORCE', 'primary-failed'],
  ['ERR Library mylib already exists', 'library-exists'],
  ["ERR Library 'mylib' already exists", 'library-exists'],
  ['ERR Function f already exists', 'library-exists'],
  ['ERR overlapping import exists for slot range: 0-10', 'already-migrating'],
  ['ERR this node is already the owner of the slot range', 'already-migrating'],
  ['ERR another ASM task is already in progress', 'already-migrating'],
  ['ERR I am already migrating slot 5.', 'already-migrating'],
  ['ERR Slot is already being imported on the target by a different migration', 'already-migrating'],
  ['ERR Slot ranges in migrations overlap', 'already-migrating'],
  ['ERR No migrations ongoing', 'no-migration'],
];

/** What begins like one of those and is another, and what makes no difference to anybody. */
const OTHERS = [
  'BUSYGROUP Consumer Group name already exists',
  'ERR Slot 5 is already busy',
  'ERR syntax error',
  'ERR the LOADING of it',
  'ERR',
  'MISCONF Errors writing to the AOF file: No space left on device',
  'EXECABORT Transaction discarded because of previous errors.',
  'constructor',
  '',
];

describe('what a server says no with', () => {
  test.each(TEXTS)('%s', (text, kind) => {
    expect(readRefusal(text)).toEqual({ kind, byTarget: false, said: text });
  });

  test.each(TEXTS)('passed on by the source of a MIGRATE: %s', (text, kind) => {
    const passedOn = `ERR Target instance replied with error: ${text}`;
    expect(readRefusal(passedOn)).toEqual({ kind, byTarget: true, said: text });
  });

  test.each(TEXTS)('why a transaction was not carried out: %s', (text, kind) => {
    const why = `EXECABORT Transaction discarded because of: ${text}`;
    expect(readRefusal(why)).toEqual({ kind, byTarget: false, said: why });
  });

  test.each(OTHERS)("nothing of this: '%s'", text => {
    expect(readRefusal(text).kind).toBe('other');
  });
});
