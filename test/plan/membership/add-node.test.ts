import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { functionSource, planAddNode } from '../../../src/plan/membership/add-node.ts';
import { placeOfApplicant, placesIn } from '../../../src/plan/placement/zone-map.ts';
import { isCandidate } from '../../../src/topology/candidate.ts';
import { diagnose, examine, NO_WISHES } from '../../../src/topology/diagnose.ts';
import { SlotSet } from '../../../src/topology/slot-set.ts';
import type { ClusterSnapshot } from '../../../src/topology/snapshot.ts';
import { type Drawing, draw } from '../../support/drawing.ts';
import { anyHealthy } from '../../support/healthy.ts';
import { planOf, refusalsOf, told } from '../../support/plan-text.ts';
import { project } from '../../support/project/project.ts';

interface Wishes {
  readonly replicas?: readonly string[];
  readonly primary?: string;
  readonly functions?: ReadonlyMap<string, string>;
  readonly functionsHidden?: boolean;
  readonly tlsBus?: boolean;
  readonly despiteFindings?: boolean;
  /** Where the cluster has changed since it was drawn. */
  readonly now?: ClusterSnapshot;
}

function decide(drawn: Drawing, newcomers: readonly string[], wishes: Wishes = {}) {
  const { replicas = [], primary, functions, functionsHidden, tlsBus, despiteFindings = false, now } = wishes;
  const asReplicas = new Set(replicas.map(name => drawn.applicant(name).asked));
  const snapshot = now ?? drawn.snapshot;
  const views = new Map(now?.views.map(view => [view.id, view]));
  const applicants = newcomers.map(drawn.applicant);
  const candidates = new Map(applicants.filter(isCandidate).map(node => [node.view.id, node]));
  const inCluster = placesIn(snapshot, new Map());
  return planAddNode({
    ...examine(snapshot),
    newcomers: applicants.map(node =>
      isCandidate(node) ? { ...node, view: views.get(node.view.id) ?? node.view } : node,
    ),
    asReplicas: asked => asReplicas.has(asked),
    ...(primary !== undefined && { primary: drawn.id(primary) }),
    traits: {
      ...(functions && { functions }),
      ...(functionsHidden && { functionsHidden }),
      ...(tlsBus !== undefined && { tlsBus }),
    },
    placeOf: id => {
      const candidate = candidates.get(id);
      return candidate ? placeOfApplicant(candidate, new Map()) : inCluster(id);
    },
    despiteFindings,
    allowMixed: false,
  });
}

/** `N` and everybody else whose name comes later in the alphabet is new. */
function add(drawing: string, wishes?: Wishes) {
  const drawn = draw(drawing);
  const names = [...drawing.matchAll(/^\s*([N-Z]) (?:primary|replica)/gm)].map(([, name = '']) => name);
  const decision = decide(drawn, names, wishes);
  return { ...drawn, drawn, names, decision, steps: () => told(planOf(decision), drawn) };
}

const CLUSTER = `
  A primary 0-5460 host=h1
  B primary 5461-10922 host=h2
  C primary 10923-16383 host=h3
`;

describe('a new node', () => {
  test('calls one of the cluster, and everybody comes to know it', () => {
    const { steps } = add(`${CLUSTER}N primary alone`);
    expect(steps()).toEqual([['N join A B C N: N meets A'], ['A B C N agree on N and are ok']]);
  });

  test('may come with others, some of them as replicas', () => {
    const { steps } = add(
      `${CLUSTER}N primary alone host=h4\nO primary alone host=h5\nP primary alone host=h4`,
      {
        replicas: ['P'],
      },
    );
    expect(steps()).toEqual([
      ['N O P join A B C N O P: N meets A, O meets A, P meets A'],
      ['P replicates A'],
      ['A B C N O P agree on N O P and are ok'],
    ]);
  });

  test('as a replica goes to whoever needs one most', () => {
    const cluster = `${CLUSTER}a replica of A host=h2\nb replica of B host=h3\n`;
    expect(add(`${cluster}N primary alone host=h1`, { replicas: ['N'] }).steps()[1]).toEqual([
      'N replicates C',
    ]);
  });

  test('as a replica goes to another host than that of its primary, even if its primary is new itself', () => {
    const cluster = `${CLUSTER}a replica of A host=h2\nb replica of B host=h3\nc replica of C host=h1\n`;
    const newcomers = 'N primary alone host=h4\nO primary alone host=h5';
    expect(add(`${cluster}${newcomers}`, { replicas: ['O'] }).steps()[1]).toEqual(['O replicates N']);
  });

  test('as a replica goes to whoever has none, and nobody else is moved for a better place', () => {
    const cluster = `
      A primary 0-5460 host=h1
      B primary 5461-16383 host=h2
      a replica of B host=h3
      b replica of B host=h4
    `;
    const { steps } = add(`${cluster}N primary alone host=h1`, { replicas: ['N'] });
    expect(steps()[1]).toEqual(['N replicates A']);
  });

  test('as a replica goes to the primary that is named', () => {
    const { steps } = add(`${CLUSTER}a replica of A\nN primary alone host=h1\nO primary alone`, {
      replicas: ['N', 'O'],
      primary: 'A',
    });
    expect(steps()[1]).toEqual(['N replicates A', 'O replicates A']);
  });

  test('gets the functions of the cluster if it is to be a primary, before clients come', () => {
    const functions = new Map([['f', '1']]);
    const newcomers = 'N primary alone functions=none\nO primary alone\nP primary alone functions=f:1';
    const { steps } = add(`${CLUSTER}${newcomers}`, { replicas: ['O'], functions });
    expect(steps()[0]).toEqual(['functions of A for N']);
  });

  test('gets functions from a primary that serves clients', () => {
    const { snapshot, id } = draw('a replica of A\nE primary\nA primary 0-16383');
    expect(functionSource(snapshot)).toBe(id('A'));
    expect(functionSource(draw('a replica of A\nE primary').snapshot)).toBe(id('E'));
    expect(functionSource(draw('a replica of A').snapshot)).toBeUndefined();
  });

  test('with an old epoch does no harm', () => {
    expect(add(`${CLUSTER}N primary alone epoch=77`).decision.kind).toBe('plan');
  });

  test('is part of the picture before, so that it can be named', () => {
    const { decision, id } = add(`${CLUSTER}N primary alone`);
    const { before, newcomers } = planOf(decision);
    expect(before.views.map(view => view.id)).toEqual(['A', 'B', 'C', 'N'].map(id));
    expect(newcomers).toEqual([id('N')]);
  });
});

describe('what stands against it', () => {
  test.each([
    ['it does not answer', 'N primary alone down', { kind: 'silent', reason: 'it is drawn so' }],
    ['it holds keys', 'N primary alone holds=3', { kind: 'holds-keys', keys: 3 }],
    ['it owns slots', 'N primary 5 alone', { kind: 'owns-slots', slots: SlotSet.of(5) }],
    ['it knows others', 'N primary alone\ns primary outside\nN knows s', { kind: 'knows-others', others: 1 }],
    [
      'its functions are not those of the cluster',
      'N primary alone functions=f:1,g:2,h:3',
      { kind: 'has-functions', libraries: ['g', 'h'], differing: true },
    ],
  ])('a newcomer: %s', (_, line, refusal) => {
    const functions = new Map([
      ['f', '1'],
      ['g', '9'],
    ]);
    const { decision, applicant } = add(CLUSTER + line, { functions });
    expect(refusalsOf(decision)).toEqual([{ ...refusal, node: applicant('N').asked }]);
  });

  test('a newcomer: it is the replica of a stranger', () => {
    const { decision, applicant } = add(`${CLUSTER}N replica of s alone\ns primary outside\nN knows s`);
    const node = applicant('N').asked;
    expect(refusalsOf(decision)).toEqual([
      { kind: 'knows-others', node, others: 1 },
      { kind: 'is-replica', node },
    ]);
  });

  test('newcomers that do not go together', () => {
    const { decision, applicant } = add(
      `${CLUSTER}N primary alone tls=yes host=127.0.0.1\nO primary alone tls=no`,
    );
    expect(refusalsOf(decision)).toEqual([
      { kind: 'tls-mixed', withTls: [applicant('N').asked], without: [applicant('O').asked] },
      { kind: 'loopback-mixed', loopback: [applicant('N').asked] },
    ]);
    const drawn = draw(`${CLUSTER}N primary alone`);
    expect(refusalsOf(decide(drawn, ['N', 'N']))).toMatchObject([{ kind: 'same-node' }]);
  });

  test('a cluster that is not healthy, unless that is no matter', () => {
    const damaged = 'A primary 0-9\nB primary 10-16382\nN primary alone';
    expect(refusalsOf(add(damaged).decision)).toMatchObject([
      { kind: 'cluster-damaged', findings: [{ kind: 'slots-uncovered' }] },
    ]);
    expect(add(damaged, { despiteFindings: true }).steps()).toEqual([
      ['N join A B N: N meets A'],
      ['A B N agree on N'],
    ]);
    const warning = `${CLUSTER}e primary\nN primary alone`;
    expect(add(warning).decision.kind).toBe('plan');
  });

  test.each([
    ['nobody', 'Z', { kind: 'no-such-primary' }],
    ['a replica', 'a', { kind: 'not-a-primary' }],
    ['somebody who does not answer', 'D', { kind: 'does-not-answer' }],
  ])('the primary that is named is %s', (_, primary, refusal) => {
    const cluster = `${CLUSTER}a replica of A\nD primary down\n`;
    const { decision } = add(`${cluster}N primary alone`, {
      replicas: ['N'],
      primary,
      despiteFindings: true,
    });
    expect(refusalsOf(decision)).toMatchObject([refusal]);
  });

  test('the primary that is named could be several', () => {
    const drawn = draw(`${CLUSTER}N primary alone`);
    const twins = drawn.snapshot.views.map(view => ({ ...view, address: { host: 'nat', port: 7000 } }));
    const decision = planAddNode({
      ...examine({ ...drawn.snapshot, views: twins }),
      newcomers: [drawn.applicant('N')],
      asReplicas: () => true,
      primary: 'nat:7000',
      traits: {},
      placeOf: id => ({ host: id }),
      despiteFindings: false,
      allowMixed: false,
    });
    expect(refusalsOf(decision)).toEqual([
      { kind: 'ambiguous-node', word: 'nat:7000', matches: ['A', 'B', 'C'].map(drawn.id).sort() },
    ]);
  });

  test('it is in already, as the replica of another primary', () => {
    const { decision, applicant } = add(`${CLUSTER}N replica of B`, { replicas: ['N'], primary: 'A' });
    expect(refusalsOf(decision)).toEqual([{ kind: 'replica-elsewhere', node: applicant('N').asked }]);
  });

  test('is told completely: every reason, for every node', () => {
    const { decision } = add('A primary 0-9\nN primary 5 alone holds=1\nO primary alone down', {
      replicas: ['N'],
      primary: 'Z',
    });
    expect(refusalsOf(decision).map(({ kind }) => kind)).toEqual([
      'silent',
      'cluster-damaged',
      'owns-slots',
      'holds-keys',
      'no-such-primary',
    ]);
  });
});

describe('what an earlier run has begun', () => {
  test('is no reason against another: it shakes hands with a member, which has no name for it yet', () => {
    const drawn = draw(`${CLUSTER}N primary alone\nX stranger handshake outside\nN knows X`);
    const newcomer = drawn.applicant('N');
    const [first] = drawn.snapshot.views;
    if (!isCandidate(newcomer) || !first?.self.address) throw new Error();
    const { address } = first.self;
    const request = {
      traits: {},
      ...examine(drawn.snapshot),
      asReplicas: () => false,
      placeOf: placesIn(drawn.snapshot, new Map()),
      despiteFindings: false,
      allowMixed: false,
    };
    const shakingWith = (changes: object) => {
      const nodes = newcomer.view.nodes.map(node =>
        node.role === 'stranger' ? { ...node, ...changes } : node,
      );
      return planAddNode({ ...request, newcomers: [{ ...newcomer, view: { ...newcomer.view, nodes } }] });
    };
    expect(shakingWith({ address }).kind).toBe('plan');
    expect(refusalsOf(shakingWith({}))).toMatchObject([{ kind: 'knows-others', others: 1 }]);
  });

  test.each([
    ['two have not heard of it', 'N primary\nA omits N\nB omits N', 'N join A B C N: N meets A'],
    ['it has not heard of two', 'N primary\nN omits A\nN omits B', 'N join A B C N: '],
    ['it is known to nobody, and knows all', 'N primary outside', 'N join A B C N: N meets A'],
  ])('is gone on with: %s', (_, newcomer, joining) => {
    expect(add(CLUSTER + newcomer).steps()).toEqual([[joining], ['A B C N agree on N and are ok']]);
  });

  test('is gone on with: it is in, and not yet a replica', () => {
    expect(add(`${CLUSTER}N primary`, { replicas: ['N'], primary: 'B' }).steps()).toEqual([
      ['N replicates B'],
      ['A B C N agree on N and are ok'],
    ]);
  });

  test('is gone on with: not all have heard that it is a replica', () => {
    const { steps } = add(`${CLUSTER}N replica of B\nA says N primary`, { replicas: ['N'], primary: 'B' });
    expect(steps()).toEqual([['A B C N agree on N and are ok']]);
  });

  test('is done where all is as it should be, whichever node is asked', () => {
    expect(add(`N replica of B\n${CLUSTER}`, { replicas: ['N'], primary: 'B' }).steps()).toEqual([]);
    expect(add(`N primary\n${CLUSTER}`).steps()).toEqual([]);
  });
});

const anyAddition = fc
  .tuple(anyHealthy, fc.integer({ min: 1, max: 4 }), fc.nat({ max: 15 }), fc.boolean())
  .map(([cluster, count, roles, hostsAreOld]) => {
    const names = ['N', 'O', 'P', 'Q'].slice(0, count);
    const lines = names.map((name, i) => `${name} primary alone host=${hostsAreOld ? `h${i}` : `new${i}`}`);
    const replicas = names.filter((_, i) => (roles >> i) & 1);
    return { drawing: `${cluster}\n${lines.join('\n')}`, names, replicas };
  });

describe('whatever the cluster, if it is healthy', () => {
  test('it is healthy afterwards, all know the newcomers, and nobody else has changed', () => {
    fc.assert(
      fc.property(anyAddition, ({ drawing, names, replicas }) => {
        const drawn = draw(drawing);
        const plan = planOf(decide(drawn, names, { replicas }));
        const after = project(plan);
        expect(diagnose(after, NO_WISHES).filter(({ severity }) => severity === 'error')).toEqual([]);
        expect(after.views).toHaveLength(drawn.snapshot.views.length + names.length);
        for (const { nodes } of after.views) expect(nodes).toHaveLength(after.views.length);
        for (const { id, self } of drawn.snapshot.views) {
          expect(after.views.find(view => view.id === id)?.self).toBe(self);
        }
        expect([...plan.homes.keys()].sort()).toEqual(replicas.map(drawn.id).sort());
      }),
    );
  });

  test('done again, nothing is left to do', () => {
    fc.assert(
      fc.property(anyAddition, ({ drawing, names, replicas }) => {
        const drawn = draw(drawing);
        const now = project(planOf(decide(drawn, names, { replicas })));
        const again = planOf(decide(drawn, names, { replicas, now }));
        expect(again.stages).toEqual([]);
        expect(again.newcomers).toEqual([]);
      }),
    );
  });
});

describe('somebody who is in already', () => {
  test('owns slots by right', () => {
    const { drawn } = add(CLUSTER);
    expect(told(planOf(decide(drawn, ['C'])), drawn)).toEqual([]);
  });

  test('is not made a replica while it owns slots, whatever else is wrong', () => {
    const { drawn } = add(CLUSTER);
    const decision = decide(drawn, ['C'], { replicas: ['C'], despiteFindings: true });
    expect(refusalsOf(decision).map(({ kind }) => kind)).toEqual(['has-slots']);
  });

  test('keeps its replicas: they are no damage', () => {
    const { drawn } = add(`${CLUSTER}E primary host=h4\ne replica of E host=h5`);
    expect(told(planOf(decide(drawn, ['E'])), drawn)).toEqual([]);
  });

  test('counts where it is when others are placed', () => {
    const { drawn } = add(`${CLUSTER}n replica of A host=h4\nm primary alone host=h5`);
    const plan = planOf(decide(drawn, ['n', 'm'], { replicas: ['n', 'm'] }));
    expect([...plan.homes.values()]).toEqual([drawn.id('B')]);
  });
});

test('where no primary answers there is nothing to replicate', () => {
  const { drawn } = add('a replica of A\nA primary 0-16383 down\nN primary alone');
  const decision = decide(drawn, ['N'], { replicas: ['N'], despiteFindings: true });
  expect(refusalsOf(decision)).toEqual([{ kind: 'no-owner' }]);
});

test('a bus that speaks TLS among others that do not is refused, and the other way round', () => {
  for (const [drawn, tlsBus] of [
    ['yes', false],
    ['no', true],
  ] as const) {
    const { decision } = add(`${CLUSTER}N primary alone tls=${drawn}`, { tlsBus });
    expect(refusalsOf(decision).map(({ kind }) => kind)).toEqual(['tls-differs']);
  }
});

test('a node that was reset is looked at like any other, although it is still on the lists', () => {
  const { drawn } = add(`${CLUSTER}n primary 0-16383 holds=5\nn omits A\nn omits B\nn omits C`);
  const kinds = refusalsOf(decide(drawn, ['n'], { despiteFindings: true })).map(({ kind }) => kind);
  expect(kinds).toEqual(['owns-slots', 'holds-keys']);
});

test('another product is refused, and so is a replica that is older than its primary', () => {
  const mixed = add(`${CLUSTER}N primary alone product=valkey`);
  expect(refusalsOf(mixed.decision).map(({ kind }) => kind)).toEqual(['products-mixed']);
  const older = add('A primary 0-16383 version=8.6.3\nN primary alone version=7.0.1', { replicas: ['N'] });
  expect(refusalsOf(older.decision).map(({ kind }) => kind)).toEqual(['replica-older']);
});

test('functions that may not be seen are not left out in silence', () => {
  const { decision } = add(`${CLUSTER}N primary alone`, { functionsHidden: true });
  expect(refusalsOf(decision).map(({ kind }) => kind)).toEqual(['functions-hidden']);
  const replica = add(`${CLUSTER}N primary alone`, { functionsHidden: true, replicas: ['N'] });
  expect(replica.decision.kind).toBe('plan');
});

test('a replica that gets nothing is not in yet', () => {
  const { drawn } = add(`${CLUSTER}n replica of A link=down`);
  expect(told(planOf(decide(drawn, ['n'], { replicas: ['n'], despiteFindings: true })), drawn)).toEqual([
    ['A B C n agree on n'],
  ]);
});

test('those who come together may have met already', () => {
  const { decision } = add(`${CLUSTER}N primary alone\nO primary alone\nN knows O`);
  expect(decision.kind).toBe('plan');
});
