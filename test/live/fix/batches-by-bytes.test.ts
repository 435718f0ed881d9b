import fc from 'fast-check';
import { expect, test } from 'vitest';
import { inPortions } from '../../../src/live/fix/batches-by-bytes.ts';

const MEGABYTE = 1024 * 1024;

test('keys go home in portions of a megabyte at most, or one by one, and none is left out', () => {
  const sizes = fc.array(fc.oneof(fc.nat({ max: 2000 }), fc.nat({ max: 3 * MEGABYTE })), { maxLength: 100 });
  fc.assert(
    fc.property(sizes, all => {
      const sized = all.map((bytes, i) => ({ key: Buffer.from(`${i}`), bytes }));
      const portions = inPortions(sized);
      expect(portions.flatMap(({ keys }) => keys)).toEqual(sized.map(({ key }) => key));
      for (const { keys, bytes } of portions) expect(bytes <= MEGABYTE || keys.length === 1).toBe(true);
    }),
  );
});
