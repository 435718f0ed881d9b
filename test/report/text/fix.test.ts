import { describe, expect, test } from 'vitest';
import { planFix } from '../../../src/plan/fix/fix.ts';
import { SITUATION_NUMBERS, type SituationKind } from '../../../src/plan/fix/situation-kinds.ts';
import { placesIn } from '../../../src/plan/placement/zone-map.ts';
import { plain } from '../../../src/report/paint.ts';
import { renderFix } from '../../../src/report/text/fix.ts';
import { NodeNames } from '../../../src/report/text/names.ts';
import { lossOf, originOf, sceneOf, titleOf } from '../../../src/report/text/situation.ts';
import { examine } from '../../../src/topology/diagnose.ts';
import { SlotSet } from '../../../src/topology/slot-set.ts';
import { draw } from '../../support/drawing.ts';
import { planOf } from '../../support/plan-text.ts';

function rendered(drawing: string, explain: boolean, withUnreachable = false): string {
  const { snapshot, census, named } = draw(drawing);
  const wishes = { searchOwners: false, withUnreachable };
  const placeOf = placesIn(snapshot, new Map());
  const plan = planOf(planFix({ ...examine(snapshot), census, migrations: [], wishes, placeOf }));
  return named(renderFix(plan, { explain }, plain));
}

const HALF = 'A primary 0-5460 open=5>B keys=5:2\nB primary 5461-16383 open=5<A keys=5:1';

describe('before anything is done', () => {
  test('the classic line, the situation, what is done, and what it could cost', () => {
    expect(rendered(HALF, false)).toBe(
      [
        '>>> Fixing open slot 5',
        'Situation 1: A move that was not finished. slot 5 from A (2 keys left) to B (1 key there).',
        '  What is done: comparing the keys that both A and B have in slot 5; the move is finished: the keys that are left go to B, which then owns the slots.',
        '  What could be lost: Nothing. Where a key has two values, the owner’s stays (unless fix --prefer other or fix --prefer-newest is given); the other one is written to the rescue file first.',
        '',
        '',
      ].join('\n'),
    );
  });

  test('explained: how it comes, and the commands', () => {
    const text = rendered(HALF, true);
    expect(text).toContain('  How it comes: A reshard was stopped');
    expect(text).toContain('    A> CLUSTER SETSLOT 5 MIGRATING B\n');
    expect(text).toContain('    B> CLUSTER SETSLOT 5 NODE B');
  });

  test('slots without an owner are many; they are told as ranges', () => {
    const text = rendered('A primary 0-99\nB primary 8000-16383', true);
    expect(text).toContain('>>> Fixing slots coverage...');
    expect(text).toContain('A> MULTI; CLUSTER ADDSLOTSRANGE 100 7999; CLUSTER BUMPEPOCH; EXEC');
  });

  test('a name keeps its capital where a sentence begins with it', () => {
    const cluster =
      'A primary 0-8000\nB primary 8001-16383 down\nC replica of B host=Redis-3\nA says B fail?\nC says B fail?';
    expect(rendered(cluster, false, true)).toContain('  What is done: C takes over from B');
  });

  test('what cannot be done says what to do instead, and what no situation is about is listed', () => {
    const text = rendered('A primary 0-8000\nB primary 8001-16383 down', false);
    expect(text).toContain('--cluster-fix-with-unreachable-masters');
    expect(text).toContain('Left as it is:\n[ERR] B could not be asked');
  });
});

describe('every situation has its sentences', () => {
  const kinds = Object.keys(SITUATION_NUMBERS) as SituationKind[];
  const { snapshot, id } = draw('A primary 0-16383\nB primary');

  test.each(kinds)('%s', kind => {
    const scene = { kind, slots: SlotSet.of(5), nodes: [id('A'), id('B')], keys: 1, keysAtOwner: 2 };
    const sentences = [
      titleOf(scene),
      originOf(scene),
      lossOf(scene),
      sceneOf(scene, new NodeNames(snapshot)),
    ];
    for (const sentence of sentences) expect(sentence).toMatch(/^\S.*\S$/);
    expect(sentences.join(' ')).not.toContain('undefined');
  });

  test.each([
    ['owner', /the owner’s stays/, /the other node’s stays|used last stays/],
    ['other', /the other node’s stays .*; the owner’s is written to the rescue file/, /the owner’s stays/],
    ['newest', /the one used last stays/, /the owner’s stays|the other node’s stays/],
  ] as const)('where the %s is preferred, that is what could be lost', (prefer, says, not) => {
    for (const kind of kinds) {
      const scene = { kind, slots: SlotSet.of(5), nodes: [id('A'), id('B')], keys: 1, keysAtOwner: 2 };
      if (!lossOf(scene).includes('two values')) continue;
      expect(lossOf(scene, prefer)).toMatch(says);
      expect(lossOf(scene, prefer)).not.toMatch(not);
    }
  });

  test('each number once', () => {
    expect(new Set(Object.values(SITUATION_NUMBERS)).size).toBe(kinds.length);
  });
});
