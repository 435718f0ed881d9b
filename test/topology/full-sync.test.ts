import { describe, expect, test } from 'vitest';
import { type Copy, CopyWatch, copyEnd, copyStateOf, listingOf } from '../../src/topology/full-sync.ts';
import type { ListedReplica } from '../../src/topology/snapshot.ts';
import { draw } from '../support/drawing.ts';

/** The ends of a's copy of A. */
function ends(options: string) {
  const { snapshot, id } = draw(`A primary 0-16383\na replica of A ${options}`);
  const end = (name: string) => {
    const view = snapshot.views.find(one => one.id === id(name));
    if (!view) throw new Error(`${name} does not answer`);
    return copyEnd(view);
  };
  return [end('a'), end('A')] as const;
}

describe('how far a copy is', () => {
  test.each([
    ['link=down', undefined],
    ['link=syncing received=0', undefined],
    ['link=up listed=online', undefined],
    // Broken, and its primary has not noticed.
    ['link=down listed=online', undefined],
    ['link=down listed=waiting', { stage: 'waiting' }],
    ['link=syncing received=0 listed=waiting', { stage: 'waiting' }],
    ['link=down listed=sending', { stage: 'sending' }],
    ['link=syncing received=7', { stage: 'sending', doneBytes: 7 }],
    ['link=syncing received=7 total=9 listed=sending', { stage: 'sending', doneBytes: 7, ofBytes: 9 }],
    ['link=syncing received=9 total=9 listed=online', { stage: 'loading' }],
  ])('%s', (options, state) => {
    expect(copyStateOf(...ends(options))).toEqual(state);
  });

  test('of a replica that is loading, what it has loaded', () => {
    const [replica, primary] = ends('link=syncing received=9 listed=online');
    const loading = { loadedBytes: 3, totalBytes: 9 };
    expect(copyStateOf({ ...replica, loading }, primary)).toEqual({
      stage: 'loading',
      doneBytes: 3,
      ofBytes: 9,
    });
    expect(copyStateOf({ ...replica, loading: {} }, undefined)).toEqual({ stage: 'loading' });
  });
});

describe('which of those whom a primary lists is the replica', () => {
  const listed = (...replicas: ListedReplica[]) => {
    const [replica, primary] = ends('link=down');
    return listingOf(replica, { ...primary, replication: { role: 'primary', offset: 0, replicas } });
  };
  const waiting = (host: string, port: number): ListedReplica => ({ host, port, state: 'waiting' });

  test('the one at its address, else the only one with its port that is nobody else', () => {
    const exact = waiting('host-a', 7001);
    expect(listed(waiting('host-b', 7001), exact)).toBe(exact);
    const behindNat = waiting('10.0.0.9', 7001);
    expect(listed(behindNat, waiting('10.0.0.9', 7002))).toBe(behindNat);
    expect(listed(behindNat, waiting('10.0.0.8', 7001))).toBeUndefined();
    expect(listed(waiting('host-A', 7000))).toBeUndefined();
    expect(listed()).toBeUndefined();
  });
});

describe('whether copies get on', () => {
  const { id } = draw('A primary 0-16383');
  const copy = (stage: Copy['stage'], doneBytes?: number, isSaving = false): Copy => ({
    replica: id('a'),
    primary: id('A'),
    stage,
    isSaving,
    ...(doneBytes !== undefined && { doneBytes }),
  });

  test('when they begin, get more bytes, or come to the next stage; not when they stand still', () => {
    const progress = new CopyWatch();
    const looks = [
      copy('waiting'),
      copy('waiting'),
      copy('sending', 1),
      copy('sending', 1),
      copy('sending', 2),
    ];
    expect(looks.map(look => progress.gets([look]))).toEqual([true, false, true, false, true]);
    expect(
      [copy('loading', 0), copy('loading', 0), copy('loading', 1)].map(look => progress.gets([look])),
    ).toEqual([true, false, true]);
  });

  test('also while a save goes on that they wait for', () => {
    const progress = new CopyWatch();
    const looks = [copy('waiting', undefined, true), copy('waiting', undefined, true), copy('waiting')];
    expect(looks.map(look => progress.gets([look]))).toEqual([true, true, false]);
  });

  test('not for ever, when they break off and begin anew again and again', () => {
    const progress = new CopyWatch();
    const round = () =>
      [copy('waiting', undefined, true), copy('sending', 5)].map(look => progress.gets([look]));
    const rounds = Array.from({ length: 8 }, round);
    expect(rounds.slice(0, 4)).toEqual(Array(4).fill([true, true]));
    expect(rounds.slice(4)).toEqual(Array(4).fill([false, false]));
  });

  test('one that gets on is enough', () => {
    const progress = new CopyWatch();
    const other = (doneBytes: number): Copy => ({ ...copy('sending', doneBytes), replica: id('b') });
    expect(progress.gets([copy('waiting'), other(1)])).toBe(true);
    expect(progress.gets([copy('waiting'), other(2)])).toBe(true);
    expect(progress.gets([copy('waiting'), other(2)])).toBe(false);
    expect(progress.gets([])).toBe(false);
  });
});
