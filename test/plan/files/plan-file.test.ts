import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { planDocument, readPlanDocument } from '../../../src/plan/files/plan-file.ts';
import { USUAL_MANNER } from '../../../src/plan/slots/move-settings.ts';
import { planReshard } from '../../../src/plan/slots/reshard.ts';
import { examine } from '../../../src/topology/diagnose.ts';
import { InputError } from '../../../src/topology/input-error.ts';
import { SlotSet } from '../../../src/topology/slot-set.ts';
import { draw } from '../../support/drawing.ts';
import { planOf } from '../../support/plan-text.ts';
import { anySlotMap } from '../slot-maps.ts';
import { anyManner } from '../slots/move-settings.ts';

const CLUSTER = `
  A primary 0-5460
  B primary 5461-10922
  C primary 10923-16383
  D primary
  a replica of A
`;

function saved(drawing = CLUSTER, to = 'D') {
  const { snapshot, id, named } = draw(drawing);
  const plan = planOf(
    planReshard({ ...examine(snapshot), from: 'all', count: 4, to: id(to), despiteFindings: false }),
  );
  return { plan, id, named, text: planDocument(plan, 'reshard', USUAL_MANNER) };
}

describe('a plan in a file', () => {
  test('says who owned what, what goes where, and where the cluster was', () => {
    const { text, named } = saved();
    expect(JSON.parse(named(text))).toEqual({
      format: 'slotctl-plan',
      version: 2,
      command: 'reshard',
      entry: 'A',
      moving: {
        mover: 'auto',
        pipeline: 10,
        timeoutMs: 60_000,
        maxBlockMs: 5,
        window: 64,
        parallel: 1,
        waitReplicas: 0,
        replace: false,
        allowBlocking: false,
        joinTimeoutMs: 60_000,
        waitCopies: false,
      },
      fingerprint: [
        { id: 'A', address: 'A', slots: '0-5460' },
        { id: 'B', address: 'B', slots: '5461-10922' },
        { id: 'C', address: 'C', slots: '10923-16383' },
      ],
      moves: [
        { from: 'A', to: 'D', slots: '5460' },
        { from: 'B', to: 'D', slots: '5461-5462' },
        { from: 'C', to: 'D', slots: '10923' },
      ],
    });
    expect(text.endsWith('}\n')).toBe(true);
  });

  test('gives slots of nodes that do not answer to these only where nobody else claims them', () => {
    const { snapshot, named } = draw('A primary 0-9999\nB primary 5000-12000 down\nC primary 12001-16383');
    const text = named(planDocument({ before: snapshot, moves: [] }, 'rebalance', USUAL_MANNER));
    const { fingerprint } = JSON.parse(text);
    expect(fingerprint.map(({ id, slots }: Record<string, string>) => `${id} ${slots}`)).toEqual([
      'A 0-9999',
      'C 12001-16383',
      'B 10000-12000',
    ]);
  });

  test('is read as it was written', () => {
    fc.assert(
      fc.property(anySlotMap, fc.nat({ max: 16384 }), anyManner, ({ drawing, names }, wish, manner) => {
        const { snapshot, id } = draw(drawing);
        const to = id(names.at(-1) ?? '');
        const decision = planReshard({
          ...examine(snapshot),
          from: 'all',
          count: wish,
          to,
          despiteFindings: true,
        });
        fc.pre(decision.kind === 'plan');
        const plan = planOf(decision);
        const text = planDocument(plan, 'rebalance', manner);
        const read = readPlanDocument(text);
        expect(read.command).toBe('rebalance');
        expect(read.moves).toEqual(plan.moves);
        expect(read.manner).toEqual(manner);
        const owners = snapshot.views.flatMap(({ id, self }) =>
          self.role === 'primary' && self.slots.size > 0 ? [`${id} ${self.slots}`] : [],
        );
        expect(read.owners.map(({ id, slots }) => `${id} ${slots}`)).toEqual(owners);
        expect(planDocument({ before: snapshot, moves: read.moves }, read.command, manner)).toBe(text);
      }),
      { numRuns: 50 },
    );
  });

  test('never holds a command line, in which there may be a password', () => {
    const { plan } = saved();
    expect(() => planDocument(plan, 'reshard -a secret', USUAL_MANNER)).toThrow(InputError);
  });
});

const EXAMPLE = saved();

/** The document with one thing changed. */
function changed(change: (document: Record<string, unknown>) => unknown): string {
  const document = JSON.parse(EXAMPLE.text);
  const instead = change(document);
  return JSON.stringify(instead ?? document);
}

function withMove(i: number, fields: Record<string, unknown>): string {
  return changed(document => {
    const moves = document['moves'];
    if (Array.isArray(moves)) moves[i] = { ...moves[i], ...fields };
  });
}

/** With fields of the manner changed, or without any. */
function withMoving(fields: Record<string, unknown> | undefined): string {
  return changed(d => ({ ...d, moving: fields && { ...Object(d['moving']), ...fields } }));
}

test('a file of version 1 is read, and brings no manner', () => {
  const { moving: _, ...old } = JSON.parse(EXAMPLE.text);
  const read = readPlanDocument(JSON.stringify({ ...old, version: 1 }));
  expect(read.manner).toBeUndefined();
  expect(read.moves).toEqual(EXAMPLE.plan.moves);
});

test('a file from before patience was part of it brings the usual', () => {
  const text = withMoving({ joinTimeoutMs: undefined, waitCopies: undefined });
  expect(readPlanDocument(text).manner).toEqual(USUAL_MANNER);
});

describe('no plan is', () => {
  const { id, text } = EXAMPLE;
  test.each([
    { what: 'nothing', text: '', says: /not JSON/ },
    { what: 'half a file', text: text.slice(0, 300), says: /not JSON/ },
    { what: 'a list', text: '[]', says: /the file is a list/ },
    { what: 'null', text: 'null', says: /the file is null/ },
    { what: 'some other document', text: '{"format":"x"}', says: /format is "x"/ },
    { what: 'a document without a format', text: '{}', says: /format is missing/ },
    { what: 'a later version', text: changed(d => ({ ...d, version: 3 })), says: /version 3/ },
    { what: 'a version in words', text: changed(d => ({ ...d, version: '1' })), says: /version "1"/ },
    { what: 'one without moves', text: changed(d => ({ ...d, moves: undefined })), says: /moves is missing/ },
    {
      what: 'one without owners',
      text: changed(d => ({ ...d, fingerprint: {} })),
      says: /fingerprint is an object/,
    },
    {
      what: 'one with a command line',
      text: changed(d => ({ ...d, command: 'sh -c' })),
      says: /command cannot be "sh -c"/,
    },
    { what: 'one without a manner', text: withMoving(undefined), says: /moving is missing/ },
    {
      what: 'one in an unknown manner',
      text: withMoving({ mover: 'teleport' }),
      says: /moving\.mover cannot be/,
    },
    {
      what: 'one that brings an answer',
      text: withMoving({ yes: true }),
      says: /moving has "yes", which is not known here/,
    },
    {
      what: 'one despite findings',
      text: withMoving({ despiteFindings: true }),
      says: /moving has "despiteFindings"/,
    },
    { what: 'one with no keys at a time', text: withMoving({ pipeline: 0 }), says: /moving\.pipeline is 0/ },
    { what: 'one with half a slot', text: withMoving({ window: 0.5 }), says: /moving\.window is 0\.5/ },
    {
      what: 'one without an end',
      text: withMoving({ timeoutMs: 1e9 }),
      says: /moving\.timeoutMs is 1000000000/,
    },
    {
      what: 'one with a limit in words',
      text: withMoving({ maxKeysPerSecond: '9' }),
      says: /PerSecond is "9"/,
    },
    {
      what: 'one that waits for ever',
      text: withMoving({ joinTimeoutMs: 9e7 }),
      says: /moving\.joinTimeoutMs is 90000000/,
    },
    { what: 'one that waits perhaps', text: withMoving({ waitCopies: 1 }), says: /moving\.waitCopies is 1/ },
    { what: 'one that replaces perhaps', text: withMoving({ replace: 1 }), says: /moving\.replace is 1/ },
    {
      what: 'one that the servers cannot keep',
      text: withMoving({ mover: 'atomic', pauseAboveMs: 5 }),
      says: /do not go with the mover "atomic"/,
    },
    { what: 'one from nowhere', text: changed(d => ({ ...d, entry: '' })), says: /entry cannot be ""/ },
    {
      what: 'one that colours the screen',
      text: changed(d => ({ ...d, entry: 'a\u009b31m' })),
      says: /entry cannot be "a\\u009b31m"/,
    },
    { what: 'a move of nothing', text: withMove(1, { slots: '' }), says: /moves\[1\]\.slots is ""/ },
    {
      what: 'a move of no slots',
      text: withMove(1, { slots: '0-16384' }),
      says: /moves\[1\]\.slots is "0-16384"/,
    },
    { what: 'a move of a number', text: withMove(1, { slots: 5461 }), says: /moves\[1\]\.slots is 5461/ },
    {
      what: 'a move to nobody',
      text: withMove(1, { to: 'D' }),
      says: /moves\[1\]\.to is "D" in place of a node id/,
    },
    {
      what: 'a move in a circle',
      text: withMove(1, { to: id('B') }),
      says: /moves\[1\] goes from a node to itself/,
    },
    {
      what: 'a move of what the source does not own',
      text: withMove(1, { slots: '0' }),
      says: /moves\[1\] takes slots/,
    },
    {
      what: 'a move from a stranger',
      text: withMove(1, { from: '0'.repeat(40) }),
      says: /moves\[1\] takes slots/,
    },
    {
      what: 'a slot that moves twice',
      text: withMove(1, { from: id('A'), slots: '5460' }),
      says: /slot 5460 a second time/,
    },
    {
      what: 'a list in place of a move',
      text: changed(d => ({ ...d, moves: [[]] })),
      says: /moves\[0\] is a list/,
    },
    {
      what: 'one that names a node twice',
      text: changed(d => ({ ...d, fingerprint: [d['fingerprint'], d['fingerprint']].flat() })),
      says: /names a node twice/,
    },
    { what: 'endless nesting', text: '['.repeat(200_000), says: /no plan/ },
    { what: 'a flood', text: ' '.repeat(20_000_001), says: /far too long/ },
  ])('$what', ({ text, says }) => {
    expect(() => readPlanDocument(text)).toThrow(InputError);
    expect(() => readPlanDocument(text)).toThrow(says);
  });

  test('anything that somebody makes up', () => {
    const values = fc.oneof(fc.jsonValue(), fc.constantFrom(...['0-99', '5460', id('A'), id('D'), 'A']));
    const field = fc.constantFrom(
      'format',
      'version',
      'command',
      'entry',
      'fingerprint',
      'moves',
      'moving',
      '__proto__',
    );
    fc.assert(
      fc.property(field, values, fc.nat({ max: 2 }), (name, value, i) => {
        const texts = [
          changed(d => ({ ...d, [name]: value })),
          withMove(i, { [['from', 'to', 'slots'][i] ?? '']: value }),
        ];
        for (const text of [...texts, JSON.stringify(value)]) {
          try {
            const { moves } = readPlanDocument(text);
            expect(moves.every(({ slots }) => slots instanceof SlotSet && slots.size > 0)).toBe(true);
          } catch (error) {
            expect(error).toBeInstanceOf(InputError);
            expect(error instanceof Error && error.message).toMatch(/^[ -~…]{1,250}$/);
          }
        }
      }),
      { numRuns: 200 },
    );
  });
});
