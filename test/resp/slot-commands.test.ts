/** The words on the wire, exactly, of the commands that move slots. */
import { describe, expect, test } from 'vitest';
import {
  cancelExports,
  cancelImport,
  exportJobs,
  exportSlots,
  importSlots,
  importStatus,
} from '../../src/resp/atomic-commands.ts';
import { type Command, showWords } from '../../src/resp/command.ts';
import { Secret } from '../../src/resp/credentials.ts';
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
} from '../../src/resp/slot-commands.ts';
import { nodeId } from '../../src/topology/node.ts';
import { SlotSet, slot } from '../../src/topology/slot-set.ts';

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
    [importStatus('t'), 'CLUSTER MIGRATION STATUS ID t'],
    [cancelImport('t'), 'CLUSTER MIGRATION CANCEL ID t'],
    [exportSlots(SlotSet.parse('1-3,9'), id), `CLUSTER MIGRATESLOTS SLOTSRANGE 1 3 9 9 NODE ${id}`],
    [exportJobs(), 'CLUSTER GETSLOTMIGRATIONS'],
    [cancelExports(), 'CLUSTER CANCELSLOTMIGRATIONS'],
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
    expect([-2, -1, 5].map(ms => timeToLive(key).decode(ms))).toEqual([undefined, undefined, 5]);
  });

  const fields = (entries: Record<string, string | number>) =>
    Object.entries(entries).flatMap(([name, value]) => [
      Buffer.from(name),
      typeof value === 'number' ? value : Buffer.from(value),
    ]);

  test.each([
    ['accumulate-buffer', 'under-way'],
    ['completed', 'done'],
    ['failed', 'failed'],
    ['canceled', 'cancelled'],
  ])('of Redis’s migration: %s is %s', (phase, state) => {
    const entry = fields({ id: 't', state: phase, last_error: 'why', retries: 3 });
    expect(importStatus('t').decode([entry])).toEqual({ state, phase, message: 'why', retries: 3 });
    expect(importStatus('t').decode([])).toBeUndefined();
    expect(() => importStatus('t').decode([fields({ id: 't' })])).toThrow('no state in it');
  });

  test('of Valkey’s: only what leaves the node', () => {
    const job = {
      name: 'j',
      operation: 'EXPORT',
      slot_ranges: '0-9',
      target_node: id,
      state: 'success',
      message: '',
    };
    expect(exportJobs().decode([fields(job), fields({ ...job, operation: 'IMPORT' })])).toEqual([
      { name: 'j', target: id, slots: '0-9', state: 'done', phase: 'success', message: '', retries: 0 },
    ]);
  });
});
