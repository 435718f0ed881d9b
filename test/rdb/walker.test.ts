/** The walker finds in a real server's file what the server itself says is in it, however the file is cut into pieces. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { RdbFormatError } from '../../src/rdb/format-error.ts';
import type { RdbEntry, RdbListener } from '../../src/rdb/listener.ts';
import { restorePayload } from '../../src/rdb/payload.ts';
import { RdbWalker } from '../../src/rdb/walker.ts';
import { LoneNodes } from '../support/lone-nodes.ts';
import { serversUnderTest } from '../support/servers.ts';
import { samplesFor } from '../support/values.ts';

interface Walk {
  readonly entries: readonly RdbEntry[];
  readonly libraries: readonly string[];
  readonly keys: number;
  readonly version: number;
}

/** A hash, its value and what stands before it, as one line. */
function shown({ key, value, type, expiresAtMs = 0 }: RdbEntry): string {
  return `${key.toString('hex')} ${type} ${Buffer.concat(value).toString('hex')} ${expiresAtMs}`;
}

function walk(file: Buffer, pieceSizes: readonly number[] = [file.length]): Walk {
  const entries: RdbEntry[] = [];
  const libraries: string[] = [];
  const walker = new RdbWalker({
    entry: entry => entries.push(entry),
    functionLibrary: code => libraries.push(code.toString()),
  });
  for (let at = 0, i = 0; at < file.length; i++) {
    const size = Math.max(1, pieceSizes[i % pieceSizes.length] ?? 1);
    walker.push(file.subarray(at, at + size));
    at += size;
  }
  const { keysByDatabase, version } = walker.end();
  return { entries, libraries, keys: keysByDatabase.get(0) ?? 0, version };
}

const LIBRARY = "#!lua name=lib\nredis.register_function('f', function() return 'a long comment' end)\n";

describe.each(serversUnderTest())('$name', build => {
  let file = Buffer.alloc(0);
  const dumps = new Map<string, Buffer>();
  const deadlines = new Map<string, number>();

  beforeAll(async () => {
    const lone = await LoneNodes.start({ build, count: 1, config: () => ['maxmemory-policy allkeys-lru'] });
    try {
      const node = lone.node(0);
      await node.send('CLUSTER', 'ADDSLOTSRANGE', '0', '16383');
      while (!(await node.text('CLUSTER', 'INFO')).includes('cluster_state:ok'));
      await node.send('FUNCTION', 'LOAD', LIBRARY);
      for (const { key, make } of samplesFor(build)) {
        for (const words of make) await node.send(...words);
        dumps.set(key.toString('hex'), (await node.send('DUMP', key)) as Buffer);
        deadlines.set(key.toString('hex'), Number(await node.send('PEXPIRETIME', key)));
      }
      await node.send('SAVE');
      file = readFileSync(join(node.folder, 'dump.rdb'));
    } finally {
      await lone.dispose();
    }
  });

  test('each value is what DUMP says, byte for byte, and each key has its time to live', () => {
    const { entries, keys, libraries, version } = walk(file);
    expect(keys).toBe(dumps.size);
    expect(libraries).toEqual([LIBRARY]);
    for (const { key, type, value, expiresAtMs = -1, idleSeconds } of entries) {
      const name = key.toString('hex');
      expect(restorePayload(type, value, version).equals(dumps.get(name) ?? Buffer.alloc(0)), name).toBe(
        true,
      );
      expect(expiresAtMs).toBe(deadlines.get(name));
      expect(idleSeconds).toBeGreaterThanOrEqual(0);
    }
    expect(new Set(entries.map(({ key }) => key.toString('hex')))).toEqual(new Set(dumps.keys()));
  });

  test('into whatever pieces it is cut, the same is found', () => {
    const whole = walk(file).entries.map(shown);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 3000 }), { minLength: 1, maxLength: 20 }), sizes => {
        expect(walk(file, sizes).entries.map(shown)).toEqual(whole);
      }),
      { numRuns: 6 },
    );
    expect(walk(file, [1]).entries.map(shown)).toEqual(whole);
  });

  test('only counted, the same number is found', () => {
    let mortalKeys = 0;
    const counting: RdbListener = {
      key: ({ expiresAtMs }) => {
        if (expiresAtMs !== undefined) mortalKeys++;
      },
    };
    for (const listener of [{}, counting]) {
      const walker = new RdbWalker(listener);
      for (let at = 0; at < file.length; at += 100) walker.push(file.subarray(at, at + 100));
      const { keysByDatabase, functionLibraries } = walker.end();
      expect([...keysByDatabase]).toEqual([[0, dumps.size]]);
      expect(functionLibraries).toBe(1);
    }
    expect(mortalKeys).toBe(1);
  });

  test('cut short anywhere, it is no file; and whatever bytes are changed, nothing else happens', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: file.length - 1 }),
        fc.integer({ min: 0, max: 255 }),
        (at, byte) => {
          expect(() => walk(file.subarray(0, at))).toThrow(RdbFormatError);
          const changed = Buffer.from(file);
          changed[at] = byte;
          try {
            walk(changed);
          } catch (error) {
            expect(error).toBeInstanceOf(RdbFormatError);
          }
        },
      ),
      { numRuns: 60 },
    );
  });
});
