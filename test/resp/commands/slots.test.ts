/** The words on the wire, exactly, of the commands that move slots. */
import { describe, expect, test } from 'vitest';
import { type Command, showWords } from '../../../src/resp/command.ts';
import {
  cancelAllExports,
  cancelTask,
  dryRun,
  exportSlots,
  importSlots,
  migrationJobs,
  migrationTask,
  migrationTasks,
  writeConditions,
} from '../../../src/resp/commands/atomic-migration.ts';
import {
  activeChannels,
  asking,
  assignSlot,
  dump,
  importing,
  keysInSlot,
  memoryUsage,
  migrate,
  migrating,
  stable,
  subscribe,
  timeToLive,
} from '../../../src/resp/commands/slots.ts';
import { Secret } from '../../../src/resp/credentials.ts';
import { nodeId } from '../../../src/topology/node.ts';
import { SlotSet, slot } from '../../../src/topology/slot-set.ts';

const id = nodeId('a'.repeat(40));
const key = Buffer.from([0x6b, 0x00, 0xff]);
const seven = slot(7);

describe('the words', () => {
  test.each<[Command<unknown>, string]>([
    [importing(seven, id), `CLUSTER SETSLOT 7 IMPORTING ${id}`],
    [migrating(seven, id), `CLUSTER SETSLOT 7 MIGRATING ${id}`],
    [assignSlot(seven, id), `CLUSTER SETSLOT 7 NODE ${id}`],
    [stable(seven), 'CLUSTER SETSLOT 7 STABLE'],
    [keysInSlot(seven, 10), 'CLUSTER GETKEYSINSLOT 7 10'],
    [asking(), 'ASKING'],
    [subscribe('c:0-9'), 'SUBSCRIBE c:0-9'],
    [activeChannels('c:*'), 'PUBSUB CHANNELS c:*'],
    [importSlots(SlotSet.parse('1-3,4,9')), 'CLUSTER MIGRATION IMPORT 1 4 9 9'],
    [migrationTask('t'), 'CLUSTER MIGRATION STATUS ID t'],
    [migrationTasks(), 'CLUSTER MIGRATION STATUS ALL'],
    [cancelTask('t'), 'CLUSTER MIGRATION CANCEL ID t'],
    [exportSlots(SlotSet.parse('1-3,9'), id), `CLUSTER MIGRATESLOTS SLOTSRANGE 1 3 9 9 NODE ${id}`],
    [migrationJobs(), 'CLUSTER GETSLOTMIGRATIONS'],
    [cancelAllExports(), 'CLUSTER CANCELSLOTMIGRATIONS'],
    [writeConditions(), 'INFO persistence replication'],
    [dryRun('u', cancelAllExports()), 'ACL DRYRUN u CLUSTER CANCELSLOTMIGRATIONS'],
  ])('%#', (command, words) => {
    expect(showWords(command)).toBe(words);
  });

  test('keys are bytes', () => {
    for (const command of [memoryUsage(key), dump(key), timeToLive(key)]) {
      expect(command.args).toContain(key);
    }
  });

  test('MIGRATE: keys last, the login as the connection has it, and hidden', () => {
    const request = { host: '10.0.0.1', port: 7, database: 2, keys: [key], timeoutMs: 100, replace: false };
    expect(migrate(request).args).toEqual(['MIGRATE', '10.0.0.1', '7', '', '2', '100', 'KEYS', key]);
    const password = new Secret('s3cret');
    const withLogin = migrate({ ...request, replace: true, credentials: { password } });
    expect(withLogin.args.slice(6, -2)).toEqual(['REPLACE', 'AUTH', 's3cret']);
    const withUser = migrate({ ...request, credentials: { user: 'u', password } });
    expect(withUser.args.slice(6, -2)).toEqual(['AUTH2', 'u', 's3cret']);
    for (const command of [withLogin, withUser]) expect(showWords(command)).not.toContain('s3cret');
    expect(withUser.replyTimeoutMs).toBeGreaterThan(200);
  });
});

describe('the replies', () => {
  test('of MIGRATE', () => {
    const { decode } = migrate({ host: 'h', port: 1, database: 0, keys: [], timeoutMs: 1, replace: false });
    expect(decode(Buffer.from('OK'))).toBe('moved');
    expect(decode(Buffer.from('NOKEY'))).toBe('no-keys');
    expect(() => decode(Buffer.from('QUEUED'))).toThrow('expected OK or NOKEY');
  });

  test('of a subscription, and of the channels that there are', () => {
    expect(() => subscribe('c').decode([Buffer.from('message')])).toThrow('not subscribed');
    expect(activeChannels('*').decode([Buffer.from('c:1'), Buffer.from('c:2')])).toEqual(['c:1', 'c:2']);
  });

  test('of keys that are gone, or stay for ever', () => {
    expect(memoryUsage(key).decode(null)).toBeUndefined();
    expect(dump(key).decode(null)).toBeUndefined();
    expect([-2, -1, 5].map(ms => timeToLive(key).decode(ms))).toEqual([0, undefined, 5]);
  });

  const fields = (entries: Record<string, string | number>) =>
    Object.entries(entries).flatMap(([name, value]) => [
      Buffer.from(name),
      typeof value === 'number' ? value : Buffer.from(value),
    ]);

  const task = {
    id: 't',
    slots: '0-9 12-12',
    source: 'a',
    dest: 'b',
    operation: 'import',
    last_error: 'why',
    retries: 3,
    end_time: 5,
  };

  test.each([
    ['accumulate-buffer', 'import', -1, 'under-way'],
    ['completed', 'import', 5, 'done'],
    // The target begins anew until it is told to stop; the source does not.
    ['failed', 'import', -1, 'under-way'],
    ['failed', 'import', 5, 'failed'],
    ['failed', 'migrate', -1, 'failed'],
    ['canceled', 'import', 5, 'cancelled'],
  ])('of Redis’s migration: %s, %s, ended at %i, is %s', (phase, operation, end, state) => {
    const entry = fields({ ...task, state: phase, operation, end_time: end });
    expect(migrationTask('t').decode([entry])).toEqual({
      name: 't',
      direction: operation === 'import' ? 'import' : 'export',
      slots: SlotSet.parse('0-9,12'),
      source: 'a',
      target: 'b',
      state,
      phase,
      message: 'why',
      retries: 3,
    });
  });

  test('of no migration, and of what is none', () => {
    expect(migrationTask('t').decode([])).toBeUndefined();
    expect(() => migrationTask('t').decode([fields(task)])).toThrow('no state in it');
    const odd = fields({ ...task, state: 'completed', slots: '9-0' });
    expect(() => migrationTask('t').decode([odd])).toThrow('runs upwards');
  });

  test('of Valkey’s', () => {
    const job = {
      name: 'j',
      operation: 'EXPORT',
      slot_ranges: '0-9',
      target_node: id,
      source_node: 'a',
      state: 'success',
      message: '',
    };
    expect(migrationJobs().decode([fields(job), fields({ ...job, operation: 'IMPORT' })])).toMatchObject([
      { name: 'j', direction: 'export', source: 'a', target: id, state: 'done', retries: 0 },
      { name: 'j', direction: 'import' },
    ]);
  });

  test('of a trial', () => {
    const trial = dryRun('u', cancelAllExports());
    expect(trial.decode(Buffer.from('OK'))).toBeUndefined();
    expect(trial.decode(Buffer.from('User u has no permissions'))).toContain('no permissions');
  });
});
