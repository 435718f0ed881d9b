import { describe, expect, test } from 'vitest';
import type { Step } from '../../../src/plan/step.ts';
import { asMember, isCandidate } from '../../../src/topology/candidate.ts';
import { membersOf } from '../../../src/topology/members.ts';
import { SlotSet } from '../../../src/topology/slot-set.ts';
import { type Drawing, draw } from '../drawing.ts';
import { project } from './project.ts';

/** The drawn cluster after some steps, one after the other; applicants are there from the start. */
function after(drawn: Drawing, ...steps: Step[]) {
  const { snapshot, applicants } = drawn;
  const known = new Set(snapshot.views.map(({ id }) => id));
  const strangers = applicants.filter(isCandidate).filter(({ view }) => !known.has(view.id));
  const before = { ...snapshot, views: [...snapshot.views, ...strangers.map(({ view }) => view)] };
  const seen = project({ before, stages: steps.map(step => [step]), remarks: [] });
  const viewOf = (name: string) => {
    const view = seen.views.find(({ id }) => id === drawn.id(name));
    if (!view) throw new Error(`there is no view of ${name}`);
    return view;
  };
  return {
    seen,
    viewOf,
    /** What one says of another. */
    said: (who: string, about: string) => viewOf(who).nodes.find(({ id }) => id === drawn.id(about)),
  };
}

const SMALL = 'A primary 0-99 epoch=7\nB primary 100-16383\na replica of A';
const small = draw(SMALL);
const [A, B, a] = ['A', 'B', 'a'].map(small.id);
const members = membersOf(small.snapshot);
if (!A || !B || !a) throw new Error();

describe('on paper', () => {
  test('nothing happens where there is nothing to do', () => {
    expect(after(small).seen).toEqual(small.snapshot);
  });

  test('epochs and slots are what the node says of itself; others have not heard of it yet', () => {
    const { said } = after(
      small,
      { kind: 'set-epoch', node: A, epoch: 9 },
      { kind: 'assign-slots', node: A, slots: SlotSet.of(100) },
    );
    expect(said('A', 'A')).toMatchObject({ configEpoch: 9, slots: SlotSet.range(0, 100) });
    expect(said('B', 'A')).toMatchObject({ configEpoch: 7, slots: SlotSet.range(0, 99) });
  });

  test('functions are copied without a trace', () => {
    expect(after(small, { kind: 'copy-functions', node: A, from: B }).seen).toEqual(small.snapshot);
  });

  test('a node that is made a replica has neither slots nor a role that others know, but the data of its primary', () => {
    const drawn = draw('A primary 0-16383 epoch=7 holds=5\nE primary holds=0');
    const { said, viewOf } = after(drawn, { kind: 'replicate', node: drawn.id('E'), primary: drawn.id('A') });
    expect(said('E', 'E')).toMatchObject({
      role: 'replica',
      primary: drawn.id('A'),
      configEpoch: 7,
      flags: ['slave'],
    });
    expect(said('E', 'E')).not.toHaveProperty('slots');
    expect(said('A', 'E')).toMatchObject({ role: 'primary' });
    expect(viewOf('E').server).toMatchObject({ keys: 5, replication: { role: 'replica', link: 'up' } });
  });

  test('all members hear of those concerned, and those concerned of all members', () => {
    const outdated = draw(
      `${SMALL}\nB says A primary\nB says a replica of B\nA says B primary\na says B unlinked`,
    );
    const { said } = after(outdated, {
      kind: 'agree',
      members,
      concerned: [a],
      wantsOk: false,
      wantsCopies: false,
    });
    expect(said('B', 'a')).toMatchObject({ role: 'replica', primary: A });
    expect(said('a', 'B')).toMatchObject({ slots: SlotSet.range(100, 16383), linked: true });
    expect(said('B', 'A')).toMatchObject({ slots: SlotSet.empty });
    expect(said('A', 'B')).toMatchObject({ slots: SlotSet.empty });
  });

  test('all is well where that was waited for, and with those concerned where it was so with the others', () => {
    const agree = { kind: 'agree', members, concerned: [a] } as const;
    const states = (drawing: string, wantsOk: boolean) =>
      after(draw(drawing), { ...agree, wantsOk, wantsCopies: false }).seen.views.map(({ state }) => state);
    const fail = SMALL.replace('16383', '16383 state=fail');
    expect(states(fail, true)).toEqual(['ok', 'ok', 'ok']);
    expect(states(fail, false)).toEqual(['ok', 'fail', 'ok']);
    expect(states(`${SMALL} state=fail`, false)).toEqual(['ok', 'ok', 'ok']);
    expect(states(`${SMALL.replace('16383', '16382')} state=fail`, true)).toEqual(['ok', 'ok', 'fail']);
    expect(states(`${SMALL} state=unknown`, true)).toEqual(['ok', 'ok', undefined]);
  });

  test('replicas that are waited for have their data', () => {
    const drawn = draw(`${SMALL} link=down\nb replica of B link=syncing`);
    const { viewOf } = after(drawn, {
      kind: 'agree',
      members,
      concerned: [a],
      wantsOk: false,
      wantsCopies: false,
    });
    expect(viewOf('a').server.replication).toMatchObject({ link: 'up' });
    expect(viewOf('b').server.replication).toMatchObject({ link: 'syncing' });
  });

  test('newcomers and members know each other, linked; who had no address has learnt it, and no handshake is left', () => {
    const drawn = draw(`${SMALL}\nN primary alone\nH stranger handshake outside\nA knows H`);
    const newcomer = drawn.applicant('N');
    if (!isCandidate(newcomer)) throw new Error();
    const { said, viewOf } = after(drawn, {
      kind: 'join',
      introductions: [],
      newcomers: [newcomer.view.id],
      members: [...membersOf(drawn.snapshot), asMember(newcomer)],
    });
    const { ip: host, port, busPort } = newcomer.meetAt;
    for (const who of ['A', 'B', 'a', 'N']) {
      expect(viewOf(who).nodes).toHaveLength(4);
      expect(said(who, 'N')).toMatchObject({
        role: 'primary',
        linked: true,
        address: { host, port, busPort },
      });
      expect(said('N', who)).toEqual(viewOf(who).self);
    }
  });

  test('who is forgotten is gone from that list only, and from all that watch', () => {
    const one = after(small, { kind: 'forget', node: A, victim: a });
    expect(one.said('A', 'a')).toBeUndefined();
    expect(one.said('B', 'a')).toBeDefined();
    const all = after(small, { kind: 'stay-forgotten', witnesses: [A, B], victims: [a] });
    expect([all.said('A', 'a'), all.said('B', 'a')]).toEqual([undefined, undefined]);
    expect(all.said('a', 'a')).toBeDefined();
  });

  test('who is named by nobody any more is not missed either', () => {
    const drawn = draw(`${SMALL}\nG primary down\nB omits G\na omits G`);
    expect(after(drawn).seen.unreachable).toHaveLength(1);
    expect(after(drawn, { kind: 'forget', node: A, victim: drawn.id('G') }).seen.unreachable).toEqual([]);
  });

  test('a reset leaves an empty primary that knows itself; a hard one takes the epoch too', () => {
    const full = draw('A primary 0-16383 epoch=7 holds=3 open=5>B,6<B\nB primary');
    const { viewOf } = after(full, { kind: 'reset', node: full.id('A'), mode: 'soft' });
    const { self, nodes, open, state, server } = viewOf('A');
    expect(self).toMatchObject({ role: 'primary', slots: SlotSet.empty, configEpoch: 7, flags: ['master'] });
    expect(nodes).toEqual([self]);
    expect([open.migrating.size, open.importing.size, state, server.keys]).toEqual([0, 0, 'fail', 0]);
    const { viewOf: hard } = after(small, { kind: 'reset', node: a, mode: 'hard' });
    expect(hard('a').self).toMatchObject({ id: a, role: 'primary', configEpoch: 0 });
    expect(hard('a').self).not.toHaveProperty('primary');
    expect(hard('a').server.replication.role).toBe('primary');
  });

  test('who is shut down says nothing more; another is asked then', () => {
    const { seen } = after(small, { kind: 'shutdown', node: A });
    expect(seen.views.map(({ id }) => id)).toEqual([B, a]);
    expect(seen.entry).toBe(B);
  });
});
