/** What a client was told is held against what is there. */
import { describe, expect, test } from 'vitest';
import { type Kind, OTHER_KINDS, textKind } from './kinds.ts';
import { Entry } from './ledger.ts';

const KINDS: readonly Kind[] = [textKind(3), ...OTHER_KINDS];

/** Acknowledged so often. */
function written(kind: Kind, times: number): Entry {
  const entry = new Entry('key', 0, kind);
  for (let version = 1; version <= times; version++) entry.wasTold(kind.reply?.(version) ?? 'OK');
  return entry;
}

describe.each(KINDS)('$name', kind => {
  test('what was acknowledged has to be there', () => {
    const entry = written(kind, 12);
    expect(entry.objection(kind.shown(12))).toBeUndefined();
    for (const other of [0, 11, 13]) {
      if (kind.shown(other) === kind.shown(12)) continue;
      expect(entry.objection(kind.shown(other))).toContain('acknowledged');
    }
  });

  test('what nobody knows of may be there, and nothing else', () => {
    const entry = written(kind, 12);
    entry.inDoubt = 13;
    expect(entry.isLeftAlone).toBe(true);
    expect(entry.objection(kind.shown(12))).toBeUndefined();
    expect(entry.objection(kind.shown(13))).toBeUndefined();
    if (kind.shown(11) !== kind.shown(13)) expect(entry.objection(kind.shown(11))).toBeDefined();
  });
});

test('a reply that tells of an older value is a loss, whatever is there later', () => {
  const [counter] = OTHER_KINDS;
  const entry = written(counter as Kind, 12);
  entry.wasTold('1');
  expect(entry.objection('12')).toContain('was told 1 instead of 13');
});

test('fields of a hash come in no order', () => {
  const hash = OTHER_KINDS.find(({ name }) => name === 'hash') as Kind;
  expect(written(hash, 11).objection('11,2,1,4,3,5,6,7,10,9,8')).toBeUndefined();
});
