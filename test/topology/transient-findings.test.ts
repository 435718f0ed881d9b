import { describe, expect, test } from 'vitest';
import { diagnose, NO_WISHES } from '../../src/topology/diagnose.ts';
import { mayPass, passesWithinMs } from '../../src/topology/transient-findings.ts';
import { draw } from '../support/drawing.ts';

const CLUSTER = `
  A primary 0-5460
  B primary 5461-10922
  C primary 10923-16383
  c replica of C
`;
const LOADING_MS = 60_000;

const found = (changes: string, cluster = CLUSTER) =>
  diagnose(draw(`${cluster}${changes}`).snapshot, NO_WISHES);
const passes = (changes: string, cluster = CLUSTER) => passesWithinMs(found(changes, cluster), LOADING_MS);

describe('what passes by itself', () => {
  const refusing = CLUSTER.replace('16383', '16383 state=fail');
  const loading = CLUSTER.replace('16383', '16383 down loading');

  test('nodes that only disagree, within the time that gossip takes', () => {
    expect(passes('A says c primary')).toBe(1500);
    expect(mayPass(found('A says c primary'))).toBe(true);
  });

  test('nodes that refuse queries, within the delay that servers keep, though others may still take them for dead', () => {
    expect(passes('', refusing)).toBe(6500);
    expect(passes('A says C fail', refusing)).toBe(6500);
    expect(passes('A says c primary', refusing)).toBe(6500);
    expect(mayPass(found('', refusing))).toBe(false);
    // Without a link it stays so, unless it was only about to be there.
    expect(passes('A says C fail\nB says C unlinked', refusing)).toBe(1500);
  });

  test('nodes that load, as long as is allowed for that', () => {
    expect(passes('', loading)).toBe(LOADING_MS);
    expect(passesWithinMs(found('', loading))).toBe(0);
  });

  test.each([
    ['nothing is wrong', '', CLUSTER],
    ['something is wrong besides', 'D primary 5-9\nE primary 5-9\nF replica of X', refusing],
    ['a node does not answer', 'X replica of A down', refusing],
    ['one loads and one does not answer', 'X replica of A down', loading],
    ['slots are open', 'D primary open=5>A', refusing],
  ])('but not where %s', (_, changes, cluster) => {
    expect(passes(changes, cluster)).toBe(0);
  });
});
