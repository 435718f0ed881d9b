/** A plan of `fix` in a file: what it says of how to mend is read as it was written, and nothing else is taken for it. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type FixManner, fixDocument, readFixDocument } from '../../../src/plan/files/fix-file.ts';
import type { FixPlan } from '../../../src/plan/fix/fix.ts';
import { InputError } from '../../../src/topology/input-error.ts';
import { draw } from '../../support/drawing.ts';

const { snapshot } = draw('A primary 0-8191\nB primary 8192-16383');
const PLAN: FixPlan = {
  before: snapshot,
  stages: [],
  remarks: [],
  situations: [],
  left: [],
  isHealthy: true,
  prefer: 'owner',
};
const wishes = { searchOwners: true, withUnreachable: false };

const anyManner: fc.Arbitrary<FixManner> = fc.record(
  {
    prefer: fc.constantFrom('owner' as const, 'other' as const, 'newest' as const),
    allowBlocking: fc.boolean(),
    timeoutMs: fc.integer({ min: 1, max: 999_999_999 }),
    rescueFile: fc.stringMatching(/^[\w ./äöü-]{1,40}$/),
  },
  { requiredKeys: ['prefer', 'allowBlocking'] },
);

test('is read as it was written', () => {
  fc.assert(
    fc.property(anyManner, manner => {
      const text = fixDocument(PLAN, { wishes, ...manner }, () => []);
      expect(readFixDocument(text)).toMatchObject({ wishes, manner, situations: [] });
      expect(readFixDocument(text).manner).toEqual(manner);
    }),
  );
});

function withMoving(fields: Record<string, unknown>): string {
  const document = JSON.parse(fixDocument(PLAN, { wishes, prefer: 'owner', allowBlocking: false }, () => []));
  return JSON.stringify({ ...document, moving: { ...document.moving, ...fields } });
}

describe('is none', () => {
  test.each([
    { fields: { yes: true }, says: /moving has "yes", which is not known here/ },
    { fields: { allowBlocking: 'yes' }, says: /moving\.allowBlocking is "yes"/ },
    { fields: { timeoutMs: -1 }, says: /moving\.timeoutMs is -1/ },
    { fields: { rescueFile: 'a\u001b[2Jb' }, says: /moving\.rescueFile cannot be/ },
    { fields: { rescueFile: ['a'] }, says: /moving\.rescueFile cannot be a list/ },
  ])('with $fields', ({ fields, says }) => {
    expect(() => readFixDocument(withMoving(fields))).toThrow(InputError);
    expect(() => readFixDocument(withMoving(fields))).toThrow(says);
  });
});

test('a file of version 1 is read, and brings its preference only', () => {
  const document = JSON.parse(fixDocument(PLAN, { wishes, prefer: 'other', allowBlocking: true }, () => []));
  const { moving: _, ...old } = document;
  const { manner } = readFixDocument(JSON.stringify({ ...old, version: 1 }));
  expect(manner).toEqual({ prefer: 'other', allowBlocking: false });
});
