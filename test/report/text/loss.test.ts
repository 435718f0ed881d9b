/** What is said of keys that are gone, and which of it makes a run fail. */
import { describe, expect, test } from 'vitest';
import { isHarmless, type Loss } from '../../../src/plan/slots/loss.ts';
import { describeLoss } from '../../../src/report/text/loss.ts';
import { NodeNames } from '../../../src/report/text/names.ts';
import { nodeId } from '../../../src/topology/node.ts';

const node = nodeId('a'.repeat(40));
const limit = { mostBytes: 1024, policy: 'allkeys-lru' };
const evicted = { kind: 'evicted', node, keys: 5, isUsual: false, ...limit } as const;
const restarted = { kind: 'restarted', node, keysBefore: 100, keysNow: 0 } as const;

describe('a loss', () => {
  test.each<[Loss, string, boolean]>([
    [
      { ...evicted, role: 'target' },
      'aaaaaaaa... evicted 5 keys while keys moved to it (maxmemory 1.0 KB, allkeys-lru); they are gone. Give it more memory (CONFIG SET maxmemory) before moving more there.',
      false,
    ],
    [
      { ...evicted, role: 'source', isUsual: true },
      'aaaaaaaa... evicted 5 keys while keys moved from it (maxmemory 1.0 KB, allkeys-lru), as it did before.',
      true,
    ],
    [
      { ...restarted, role: 'target', counted: 500, missing: 120 },
      'aaaaaaaa... was restarted while keys moved to it. Of 500 keys in the slots that moved, 120 are missing. It held 100 keys before and holds 0 now. `slotctl restore` brings back what is in a backup.',
      false,
    ],
    [
      { ...restarted, keysNow: 600, role: 'target', counted: 500, missing: 0 },
      'aaaaaaaa... was restarted while keys moved to it. It held 100 keys before and holds 600 now. All 500 keys of the slots that moved are there.',
      true,
    ],
    [
      { ...restarted, role: 'target', counted: 0, missing: 0 },
      'aaaaaaaa... was restarted while keys moved to it. It held 100 keys before and holds 0 now.',
      false,
    ],
    [
      { ...restarted, role: 'source' },
      'aaaaaaaa... was restarted while keys moved from it. It held 100 keys before and holds 0 now. Whether any are missing could not be determined.',
      false,
    ],
    [
      { ...restarted, keysNow: 20, role: 'source', counted: 80, missing: 0 },
      'aaaaaaaa... was restarted while keys moved from it. It held 100 keys before and holds 20 now. All 80 keys of the slots that moved are there.',
      true,
    ],
  ])('%j', (loss, sentence, harmless) => {
    expect(describeLoss(loss, new NodeNames())).toBe(sentence);
    expect(isHarmless(loss)).toBe(harmless);
  });
});
