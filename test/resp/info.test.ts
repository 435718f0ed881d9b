import { describe, expect, test } from 'vitest';
import { busyness, clusterState, info, replicationInfo } from '../../src/resp/commands/cluster.ts';
import { decodeInfo } from '../../src/resp/info.ts';
import { capturedServers, reply } from '../support/fixtures.ts';

describe.each(capturedServers)('INFO of %s', server => {
  const [product, minor] = server.split('-');

  test('a primary', () => {
    const facts = decodeInfo(reply(`${server}/info-primary`));
    expect(facts).toMatchObject({
      product,
      keys: 0,
      keysInOtherDatabases: 0,
    });
    expect(facts.version.startsWith(`${minor}.`)).toBe(true);
    expect(`${facts.release.major}.${facts.release.minor}`).toBe(minor);
    expect(facts.replication.role).toBe('primary');
    expect(facts.usedMemoryBytes).toBeGreaterThan(100_000);
    expect(facts.connectedClients).toBeGreaterThan(0);
    expect(facts.opsPerSecond).toBeGreaterThanOrEqual(0);
  });

  test('a replica', () => {
    const { replication } = decodeInfo(reply(`${server}/info-replica`));
    expect(replication).toMatchObject({ role: 'replica', link: 'up' });
    expect(replication.role === 'replica' && replication.lastContactSeconds).toBeGreaterThanOrEqual(0);
  });

  test('CLUSTER INFO', () => {
    expect(clusterState().decode(reply(`${server}/cluster-info`))).toBe('ok');
  });
});

const minimal = 'redis_version:7.0.15\r\n';
const decode = (text: string) => info().decode(Buffer.from(minimal + text));

describe('fields of INFO', () => {
  test('keys are counted over all databases', () => {
    expect(decode('db0:keys=5,expires=0,avg_ttl=0\r\ndb9:keys=2,expires=1,avg_ttl=7\r\n')).toMatchObject({
      keys: 7,
      keysInOtherDatabases: 2,
    });
  });

  test.each([
    ['role:slave\r\nmaster_link_status:up\r\nmaster_last_io_seconds_ago:3\r\nslave_repl_offset:42', 'up', 42],
    ['role:slave\r\nmaster_link_status:down\r\nmaster_last_io_seconds_ago:-1', 'down', 0],
    ['role:slave\r\nmaster_link_status:down\r\nmaster_sync_in_progress:1', 'syncing', 0],
  ])('%j is a link that is %s', (text, link, offset) => {
    expect(decode(text).replication).toMatchObject({ role: 'replica', link, offset });
  });

  test.each([
    ['availability_zone:eu-1a', 'eu-1a'],
    ['availability_zone: eu 1a ', 'eu 1a'],
    ['availability_zone:\u001b[31mred', '[31mred'],
    [`availability_zone:${'z'.repeat(80)}`, `${'z'.repeat(60)}…`],
  ])('%j is a zone', (text, zone) => {
    expect(decode(text).zone).toBe(zone);
  });

  test.each(['availability_zone:', 'availability_zone:\u001b', 'role:master'])('%j is no zone', text => {
    expect(decode(text)).not.toHaveProperty('zone');
  });

  test('whom a primary has let in as replicas, and what each is at', () => {
    const lines = [
      'slave0:ip=10.0.0.1,port=7001,state=wait_bgsave,offset=0,lag=0',
      'slave1:ip=::1,port=7002,state=online,offset=14,lag=1,type=replica',
      'slave2:ip=h.example,port=7003,state=send_bulk_and_stream,offset=0,lag=0,io-thread=0',
      'slave3:ip=10.0.0.4,port=7004,state=bg_transfer,offset=0,lag=0',
      // Somebody who only takes a copy.
      'slave4:ip=10.0.0.5,port=0,state=send_bulk,offset=0,lag=0',
      'slave5:nonsense',
    ];
    expect(decode(`role:master\r\n${lines.join('\r\n')}`).replication).toEqual({
      role: 'primary',
      offset: 0,
      replicas: [
        { host: '10.0.0.1', port: 7001, state: 'waiting' },
        { host: '::1', port: 7002, state: 'online' },
        { host: 'h.example', port: 7003, state: 'sending' },
        { host: '10.0.0.4', port: 7004, state: 'sending' },
      ],
    });
  });

  test('what a server is busy with', () => {
    const { args, decode: read } = busyness();
    expect(args).toEqual(['INFO', 'persistence']);
    const busy = (text: string) => read(Buffer.from(text));
    expect(busy('loading:0\r\nrdb_bgsave_in_progress:0')).toEqual({ isForked: false });
    expect(busy('aof_rewrite_in_progress:1')).toEqual({ isForked: true });
    expect(busy('loading:1\r\nloading_total_bytes:9\r\nloading_loaded_bytes:3')).toEqual({
      isForked: false,
      loading: { loadedBytes: 3, totalBytes: 9 },
    });
  });

  test('how much of a first copy has come is told while it is under way, by servers that tell', () => {
    const syncing = 'role:slave\r\nmaster_link_status:down\r\nmaster_sync_in_progress:1\r\n';
    const replication = (text: string) => decode(text).replication;
    expect(replication(`${syncing}master_sync_read_bytes:175`)).toMatchObject({
      link: 'syncing',
      receivedBytes: 175,
    });
    expect(replication(`${syncing}master_sync_read_bytes:0`)).toMatchObject({ receivedBytes: 0 });
    expect(replication(`${syncing}master_sync_total_bytes:9`)).toMatchObject({ totalBytes: 9 });
    for (const unknown of ['0', '-1', 'some'])
      expect(replication(`${syncing}master_sync_total_bytes:${unknown}`)).not.toHaveProperty('totalBytes');
    expect(replication(syncing)).not.toHaveProperty('receivedBytes');
    expect(replication(`${syncing}master_sync_read_bytes:some`)).not.toHaveProperty('receivedBytes');
    const over = 'role:slave\r\nmaster_link_status:up\r\nmaster_sync_read_bytes:175';
    expect(replication(over)).not.toHaveProperty('receivedBytes');
  });

  test('INFO replication alone is read too', () => {
    const { args, decode: decodeReplication } = replicationInfo();
    expect(args).toEqual(['INFO', 'replication']);
    const text = '# Replication\r\nrole:slave\r\nmaster_link_status:up\r\nslave_repl_offset:9\r\n';
    expect(decodeReplication(Buffer.from(text))).toEqual({ role: 'replica', link: 'up', offset: 9 });
    const never = decodeReplication(
      Buffer.from('role:slave\r\nmaster_link_status:down\r\nmaster_link_down_since_seconds:-1\r\n'),
    );
    expect(never).toMatchObject({ link: 'down', neverLinked: true });
    expect(() => decodeReplication(null)).toThrow('expected a string, got nothing (nil)');
  });

  test('throws keys away only with a limit and a policy that does', () => {
    const above = (text: string) => decode(text).evictsAboveBytes;
    expect(above('maxmemory:1000\r\nmaxmemory_policy:allkeys-lru\r\n')).toBe(1000);
    expect(above('maxmemory:1000\r\nmaxmemory_policy:noeviction\r\n')).toBeUndefined();
    expect(above('maxmemory:0\r\nmaxmemory_policy:allkeys-lru\r\n')).toBeUndefined();
  });

  test('numbers that are none are left out', () => {
    expect(decode('used_memory:lots\r\nconnected_clients:\r\n')).not.toHaveProperty('usedMemoryBytes');
  });

  test('without a version it is no INFO', () => {
    expect(() => info().decode(Buffer.from('hello'))).toThrow('no version');
    expect(() => info().decode(Buffer.from('redis_version:\u001b[31m'))).toThrow('no version');
    expect(() => info().decode(7)).toThrow('expected a string, got the integer 7');
  });

  test('a cluster state that is neither ok nor fail is refused', () => {
    expect(() => clusterState().decode(Buffer.from('cluster_state:maybe'))).toThrow('no cluster_state');
    expect(clusterState().decode(Buffer.from('a:1\r\ncluster_state:fail\r\n'))).toBe('fail');
  });
});
