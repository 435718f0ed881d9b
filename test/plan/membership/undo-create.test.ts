import { describe, expect, test } from 'vitest';
import { planCreate } from '../../../src/plan/membership/create.ts';
import { planUndoCreate } from '../../../src/plan/membership/undo-create.ts';
import { placeOfApplicant } from '../../../src/plan/placement/zone-map.ts';
import { leavesSomething } from '../../../src/plan/step.ts';
import { isCandidate } from '../../../src/topology/candidate.ts';
import { draw } from '../../support/drawing.ts';
import { planOf, refusalsOf, told } from '../../support/plan-text.ts';
import { project } from '../../support/project/project.ts';

/** Of everybody in the drawing but those whose names come late in the alphabet. */
function undo(drawing: string) {
  const drawn = draw(drawing);
  const names = [...drawing.matchAll(/^\s*([A-M]) (?:primary|replica)/gm)].map(([, name = '']) => name);
  const applicants = names.map(drawn.applicant);
  const decision = planUndoCreate(applicants);
  return { ...drawn, decision, applicants, steps: () => told(planOf(decision), drawn) };
}

const HALF_WAY = `
  A primary 0-5460 epoch=1
  B primary 5461-10922 epoch=2
  C primary 10923-16383 epoch=3
  A omits C
  C omits A
`;

describe('a create that failed', () => {
  test('is undone: its nodes are reset, and it is seen to that they stay strangers', () => {
    expect(undo(HALF_WAY).steps()).toEqual([
      ['hard reset of A', 'hard reset of B', 'hard reset of C'],
      ['A B C stay alone'],
    ]);
  });

  test('leaves its nodes as they were before, so that it can be tried again', () => {
    const { decision, applicants } = undo(HALF_WAY);
    const after = project(planOf(decision));
    for (const { id, self, nodes } of after.views) {
      expect(self).toMatchObject({ role: 'primary', configEpoch: 0, slots: { size: 0 } });
      expect(nodes.map(node => node.id)).toEqual([id]);
    }
    const nodes = applicants.filter(isCandidate).map(node => {
      const view = after.views.find(({ id }) => id === node.view.id) ?? node.view;
      return { ...node, view };
    });
    expect(planOf(planUndoCreate(nodes)).stages).toEqual([]);
    const again = planCreate({
      nodes,
      roles: { kind: 'counted', replicas: 0 },
      placeOf: node => placeOfApplicant(node, new Map()),
      allowFewPrimaries: false,
      allowMixed: false,
    });
    expect(planOf(again).stages).toHaveLength(3);
  });

  test('has not begun with some of its nodes, which are left alone', () => {
    expect(undo('A primary 0-99 alone\nB primary alone\nC primary alone epoch=3').steps()).toEqual([
      ['hard reset of A', 'hard reset of C'],
      ['A C stay alone'],
    ]);
  });

  test('has not begun at all: nothing is done', () => {
    expect(undo('A primary alone\nB primary alone').steps()).toEqual([]);
  });

  test('leaves those alone that hold keys, and says so', () => {
    const { steps, decision, id } = undo('A primary 0-99 alone holds=4\nB primary 100-200 alone holds=0');
    expect(steps()).toEqual([['hard reset of B'], ['B stay alone']]);
    expect(planOf(decision).remarks).toEqual([{ kind: 'kept-for-keys', node: id('A'), keys: 4 }]);
  });
});

describe('it is not undone', () => {
  test('where somebody knows nodes that are not in the list: they would be left with holes', () => {
    const { decision, applicant } = undo(
      'A primary 0-99\nB primary 100-16383\nN replica of A\nO replica of B',
    );
    expect(refusalsOf(decision)).toEqual([
      { kind: 'knows-others', node: applicant('A').asked, others: 2 },
      { kind: 'knows-others', node: applicant('B').asked, others: 2 },
    ]);
  });

  test('where one node is named twice', () => {
    const { applicants } = undo(HALF_WAY);
    expect(refusalsOf(planUndoCreate([...applicants, ...applicants.slice(0, 1)]))).toMatchObject([
      { kind: 'same-node' },
    ]);
  });

  test('but it is where nodes would not go together, and where handshakes are under way', () => {
    const { decision } = undo(`
      A primary 0-99 tls=yes host=127.0.0.1
      B primary 100-16383 tls=no
      X stranger handshake
    `);
    expect(decision.kind).toBe('plan');
  });
});

test('who does not answer is left as it is, and named', () => {
  const { decision, applicant } = undo('A primary 0-99\nB primary 100-199 down\nC primary');
  expect(planOf(decision).remarks).toEqual([{ kind: 'kept-silent', node: applicant('B').asked }]);
  expect(leavesSomething(planOf(decision))).toBe(true);
});

test('a cluster that works and holds keys is no failed create', () => {
  const { decision } = undo('A primary 0-8191 holds=2\nB primary 8192-16383\nC replica of A holds=2');
  expect(refusalsOf(decision)).toEqual([{ kind: 'working-cluster', keys: 2 }]);
});

test('nodes of several clusters are no failed create', () => {
  const { decision } = undo(
    'A primary\nB primary\nE primary alone\nF primary alone\nE knows F\nG primary alone',
  );
  expect(refusalsOf(decision).map(({ kind }) => kind)).toEqual(['several-clusters']);
});
