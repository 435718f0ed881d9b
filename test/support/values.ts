/** Values of every type and in every form that servers store, as the commands that make them. */
import { isBuildSince, type ServerBuild } from './servers.ts';

export type Words = readonly (string | Buffer)[];

export interface Sample {
  readonly key: Buffer;
  readonly make: readonly Words[];
  /** Reads it, in an order that does not depend on the server. */
  readonly read: Words;
}

const BINARY = Buffer.from([0, 1, 2, 0x0d, 0x0a, 0xff, 0x7b, 0x7d, 0x80]);
const many = (count: number, of: (i: number) => readonly string[]) =>
  Array.from({ length: count }, (_, i) => of(i)).flat();

/** More than fit into the compact form of their type. */
const MANY = 700;

/** Whether single fields of a hash can expire. */
export function expiresFields(build: ServerBuild): boolean {
  return isBuildSince(build, { redis: [7, 4], valkey: [9, 0] });
}

function sample(
  name: string | Buffer,
  read: (key: Buffer) => Words,
  ...make: ((key: Buffer) => Words)[]
): Sample {
  const key = typeof name === 'string' ? Buffer.from(name) : name;
  return { key, make: make.map(words => words(key)), read: read(key) };
}

const get = (key: Buffer): Words => ['GET', key];
const list = (key: Buffer): Words => ['LRANGE', key, '0', '-1'];
const set = (key: Buffer): Words => ['SORT', key, 'ALPHA'];
const zset = (key: Buffer): Words => ['ZRANGE', key, '0', '-1', 'WITHSCORES'];
const stream = (key: Buffer): Words => ['XRANGE', key, '-', '+'];

export function samplesFor(build: ServerBuild): Sample[] {
  const long = 'compressible '.repeat(40);
  const fields: Sample[] = expiresFields(build)
    ? [
        sample(
          'hash:field-ttl',
          key => ['HPEXPIRETIME', key, 'FIELDS', '2', 'a', 'b'],
          key => ['HSET', key, 'a', '1', 'b', '2'],
          key => ['HPEXPIRE', key, '900000000', 'FIELDS', '1', 'a'],
        ),
        sample(
          'hash:field-ttl:many',
          key => ['HLEN', key],
          key => ['HSET', key, ...many(MANY, i => [`field ${i}`, `value ${i}`])],
          key => ['HPEXPIRE', key, '900000000', 'FIELDS', '2', 'field 1', 'field 3'],
        ),
      ]
    : [];
  return [
    sample('string', get, key => ['SET', key, 'text']),
    sample(BINARY, get, key => ['SET', key, BINARY]),
    sample('12345', get, key => ['SET', key, '-1']),
    sample('-70000', get, key => ['SET', key, '70000']),
    sample('1234567890', get, key => ['SET', key, '-1234567890']),
    sample(long, get, key => ['SET', key, long]),
    sample('string:16k', get, key => [
      'SET',
      key,
      Buffer.from(many(4000, i => [`${(i * 7919) % 9973}`]).join('')),
    ]),
    sample('string:ttl', get, key => ['SET', key, 'soon gone', 'PX', '900000000']),
    sample(
      'hll',
      key => ['PFCOUNT', key],
      key => ['PFADD', key, ...many(MANY, i => [`${i}`])],
    ),
    sample('list', list, key => ['RPUSH', key, 'a', BINARY, '3']),
    sample('list:many', list, key => ['RPUSH', key, ...many(MANY, i => [`element ${i}`.repeat(4)])]),
    sample('list:large', list, key => ['RPUSH', key, 'x'.repeat(20_000), 'small', long.repeat(50)]),
    sample('set', set, key => ['SADD', key, 'x', 'y']),
    sample('set:numbers', set, key => ['SADD', key, ...many(100, i => [`${i * 70_000}`])]),
    sample('set:many', set, key => ['SADD', key, ...many(MANY, i => [`member ${i}`])]),
    sample('zset', zset, key => ['ZADD', key, '1', 'one', '-inf', 'least', '2.5', 'two']),
    sample('zset:many', zset, key => ['ZADD', key, ...many(MANY, i => [`${i / 8}`, `member ${i}`])]),
    sample(
      'hash',
      key => ['HMGET', key, 'f'],
      key => ['HSET', key, 'f', BINARY],
    ),
    sample(
      'hash:many',
      key => ['HMGET', key, 'field 1', 'field 699'],
      key => ['HSET', key, ...many(MANY, i => [`field ${i}`, `value ${i}`])],
    ),
    sample(
      'stream',
      key => ['XPENDING', key, 'group'],
      key => ['XADD', key, '1-1', 'field', 'value'],
      key => ['XADD', key, '2-1', 'field', 'value'],
      key => ['XDEL', key, '1-1'],
      key => ['XADD', key, '3-1', 'field', 'value'],
      key => ['XGROUP', 'CREATE', key, 'group', '0'],
      key => ['XREADGROUP', 'GROUP', 'group', 'consumer', 'COUNT', '1', 'STREAMS', key, '>'],
    ),
    sample(
      'stream:many',
      stream,
      ...Array.from(
        { length: 120 },
        (_, i) =>
          (key: Buffer): Words => ['XADD', key, `${i + 1}-0`, 'field', `${i}`],
      ),
    ),
    ...fields,
  ];
}
