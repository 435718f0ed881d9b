/** Keys of several types whose every value follows from how often they were written, so that nothing else need be kept. */
import type { Reply } from '../../../src/resp/reply.ts';

export type Words = readonly (string | Buffer)[];

export interface Kind {
  readonly name: string;
  /** What makes version `n` of version `n - 1`. */
  write(key: string, version: number): Words;
  /** What a server that has version `n - 1` replies to that; absent where it says the same of any. */
  reply?(version: number): string;
  read(key: string): Words;
  /** What reading version `n` gives. A key that was never written has version 0. */
  shown(version: number): string;
}

const upTo = (version: number) => Array.from({ length: version }, (_, i) => `${i + 1}`);

/** A text of so many bytes, besides its version. */
export function textKind(bytes: number): Kind {
  const filling = 'x'.repeat(bytes);
  return {
    name: 'text',
    write: (key, version) => ['SET', key, `${version} ${filling}`],
    read: key => ['GET', key],
    shown: version => (version === 0 ? 'nothing' : `${version} ${filling}`),
  };
}

export const OTHER_KINDS: readonly Kind[] = [
  {
    name: 'counter',
    write: key => ['INCR', key],
    reply: version => `${version}`,
    read: key => ['GET', key],
    shown: version => (version === 0 ? 'nothing' : `${version}`),
  },
  {
    name: 'list',
    write: (key, version) => ['RPUSH', key, `${version}`],
    reply: version => `${version}`,
    read: key => ['LRANGE', key, '0', '-1'],
    shown: version => upTo(version).join(),
  },
  {
    name: 'hash',
    write: (key, version) => ['HSET', key, `${version}`, ''],
    reply: () => '1',
    read: key => ['HKEYS', key],
    shown: version => upTo(version).join(),
  },
  {
    // What was deleted must stay away, and what came back must stay.
    name: 'comes and goes',
    write: (key, version) => (version % 2 === 1 ? ['SET', key, `${version}`] : ['DEL', key]),
    reply: version => (version % 2 === 1 ? 'OK' : '1'),
    read: key => ['GET', key],
    shown: version => (version % 2 === 1 ? `${version}` : 'nothing'),
  },
];

export function shownReply(reply: Reply): string {
  if (reply === null) return 'nothing';
  if (Buffer.isBuffer(reply)) return reply.toString('latin1');
  return Array.isArray(reply) ? (reply as readonly Reply[]).map(shownReply).join() : `${reply}`;
}
