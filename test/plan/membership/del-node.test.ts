import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type DelNodeRequest, planDelNode } from '../../../src/plan/membership/del-node.ts';
import { planForgetFailed } from '../../../src/plan/membership/forget-failed.ts';
import { placesIn } from '../../../src/plan/placement/zone-map.ts';
import { isCandidate } from '../../../src/topology/candidate.ts';
import { diagnose, examine, NO_WISHES } from '../../../src/topology/diagnose.ts';
import { withoutNodes } from '../../../src/topology/members.ts';
import type { NodeId } from '../../../src/topology/node.ts';
import { SlotSet } from '../../../src/topology/slot-set.ts';
import { believedNodes, type ClusterSnapshot } from '../../../src/topology/snapshot.ts';
import { type Drawing, draw } from '../../support/drawing.ts';
import { anyHealthy } from '../../support/healthy.ts';
import { planOf, refusalsOf, told } from '../../support/plan-text.ts';
import { project } from '../../support/project/project.ts';

type Wishes = Partial<Pick<DelNodeRequest, 'ending' | 'keepData'>>;

/** `V` leaves. Drawn outside, it is found where the person says it is. */
function delNode(drawing: string, wishes: Wishes = {}) {
  const drawn = draw(drawing);
  const stranger = drawn.applicant('V');
  const decision = planDelNode({
    snapshot: drawn.snapshot,
    word: drawn.id('V'),
    ending: 'reset',
    keepData: false,
    placeOf: placesIn(drawn.snapshot, new Map()),
    ...(isCandidate(stranger) && { stranger }),
    ...wishes,
  });
  return { ...drawn, drawn, decision, steps: () => told(planOf(decision), drawn) };
}

function forgetFailed(drawing: string) {
  const drawn = draw(drawing);
  const decision = planForgetFailed(examine(drawn.snapshot), placesIn(drawn.snapshot, new Map()));
  return { ...drawn, drawn, plan: planOf(decision), steps: told(planOf(decision), drawn) };
}

const CLUSTER = `
  A primary 0-5460 host=h1
  B primary 5461-16383 host=h2
  a replica of A host=h2
  b replica of B host=h1
`;

describe('a node that leaves', () => {
  test('is forgotten by everybody at once, then reset, and then it is seen to that it stays away', () => {
    expect(delNode(`${CLUSTER}V primary`).steps()).toEqual([
      ['A forgets V', 'B forgets V', 'a forgets V', 'b forgets V'],
      ['hard reset of V'],
      ['A B a b have forgotten V'],
    ]);
  });

  test('gives its replicas to others before that, since no node can forget its primary', () => {
    const { steps, decision, id } = delNode(`${CLUSTER}V primary host=h3\nv replica of V host=h2`);
    expect(steps()).toEqual([
      ['v replicates A'],
      ['A forgets V', 'B forgets V', 'a forgets V', 'b forgets V', 'v forgets V'],
      ['hard reset of V'],
      ['A B a b v have forgotten V'],
      ['A B a b v agree on v'],
    ]);
    expect(planOf(decision)).toMatchObject({
      victims: [id('V')],
      homes: new Map([[id('v'), id('A')]]),
      remarks: [],
    });
  });

  test('gives its replicas to whoever has none, and nobody else is moved for a better place', () => {
    const { steps } = delNode(`
      A primary 0-5460 host=h1
      B primary 5461-16383 host=h2
      a replica of B host=h3
      b replica of B host=h4
      V primary
      v replica of V host=h1
    `);
    expect(steps()[0]).toEqual(['v replicates A']);
  });

  test('may be shut down instead, or left as it is', () => {
    expect(delNode(`${CLUSTER}V primary`, { ending: 'shutdown' }).steps()[1]).toEqual(['shutdown of V']);
    expect(delNode(`${CLUSTER}V primary holds=3`, { keepData: true }).steps()).toEqual([
      ['A forgets V', 'B forgets V', 'a forgets V', 'b forgets V'],
      ['A B a b have forgotten V'],
    ]);
  });

  test('may be a replica, which holds keys by nature', () => {
    expect(delNode(`${CLUSTER}V replica of A holds=10`).steps()[1]).toEqual(['hard reset of V']);
  });

  test('may be the node that was asked', () => {
    expect(delNode(`V primary\n${CLUSTER}`).steps()).toEqual(delNode(`${CLUSTER}V primary`).steps());
  });

  test('need not answer', () => {
    expect(delNode(`${CLUSTER}V replica of A down`).steps()).toEqual([
      ['A forgets V', 'B forgets V', 'a forgets V', 'b forgets V'],
      ['A B a b have forgotten V'],
    ]);
  });

  test('leaves behind what is told about those who do not answer', () => {
    const { decision, id } = delNode(`${CLUSTER}V primary\nv replica of V down`);
    expect(planOf(decision).remarks).toEqual([
      { kind: 'not-told', nodes: [id('v')] },
      { kind: 'not-rehomed', nodes: [id('v')] },
    ]);
  });
});

describe('what stands against it', () => {
  const refused = (drawing: string, wishes?: Wishes) => {
    const { decision, id } = delNode(drawing, wishes);
    return { refusals: refusalsOf(decision), victim: id('V') };
  };

  test('it owns slots, whether it answers or not', () => {
    for (const state of ['', ' down']) {
      const { refusals, victim } = refused(`A primary 0-99\nV primary 100-16383${state}`);
      expect(refusals).toEqual([{ kind: 'has-slots', node: victim, slots: SlotSet.range(100, 16383) }]);
    }
  });

  test('it holds keys in slots of others, unless these are left alone', () => {
    const { refusals, victim } = refused(`${CLUSTER}V primary holds=3`);
    expect(refusals).toEqual([{ kind: 'has-stray-keys', node: victim, keys: 3 }]);
    const shutDown = refused(`${CLUSTER}V primary holds=3`, { ending: 'shutdown' });
    expect(shutDown.refusals).toEqual(refusals);
  });

  test('nobody is left who could take its replicas', () => {
    const { refusals, victim } = refused('V primary\nv replica of V');
    expect(refusals).toEqual([{ kind: 'no-primary-left', node: victim }]);
    expect(refused('A primary 0-16383 down\nV primary\nv replica of V').refusals).toEqual(refusals);
  });

  test('nobody is called so, or several', () => {
    const drawn = draw(CLUSTER);
    const request = {
      ending: 'reset',
      keepData: false,
      placeOf: placesIn(drawn.snapshot, new Map()),
    } as const;
    const decide = (snapshot: ClusterSnapshot, word: string) =>
      refusalsOf(planDelNode({ ...request, snapshot, word }));
    expect(decide(drawn.snapshot, 'h9:7000')).toEqual([{ kind: 'no-such-node', word: 'h9:7000' }]);
    const views = drawn.snapshot.views.map(view => ({ ...view, address: { host: 'nat', port: 1 } }));
    expect(decide({ ...drawn.snapshot, views }, 'nat:1')).toMatchObject([
      { kind: 'ambiguous-node', word: 'nat:1' },
    ]);
  });

  test('is told completely', () => {
    const { refusals } = refused('V primary 0-16383 holds=9\nv replica of V');
    expect(refusals.map(({ kind }) => kind)).toEqual(['has-slots', 'no-primary-left']);
  });
});

describe('a node that an earlier run has left behind', () => {
  test('is reset, or shut down: it still takes itself for a member', () => {
    expect(delNode(`${CLUSTER}V primary outside`).steps()).toEqual([['hard reset of V']]);
    expect(delNode(`${CLUSTER}V replica of A outside holds=9`).steps()).toEqual([['hard reset of V']]);
    expect(delNode(`${CLUSTER}V primary outside`, { ending: 'shutdown' }).steps()).toEqual([
      ['shutdown of V'],
    ]);
  });

  test('is left alone if that was asked for, and if it is reset already', () => {
    expect(delNode(`${CLUSTER}V primary outside`, { keepData: true }).steps()).toEqual([]);
    expect(delNode(`${CLUSTER}V primary alone`).steps()).toEqual([]);
  });

  test('is part of the picture before, so that it can be spoken to', () => {
    const { decision, id } = delNode(`${CLUSTER}V primary outside`);
    expect(planOf(decision).before.views.at(-1)?.id).toBe(id('V'));
  });

  test('is not touched while it holds keys', () => {
    const { decision, id } = delNode(`${CLUSTER}V primary outside holds=2`);
    expect(refusalsOf(decision)).toEqual([{ kind: 'has-stray-keys', node: id('V'), keys: 2 }]);
  });

  test('is told from one of another cluster', () => {
    const other = delNode(`${CLUSTER}V primary alone\nW primary outside\nV knows W`);
    expect(refusalsOf(other.decision)).toMatchObject([{ kind: 'no-such-node' }]);
  });
});

describe('nodes that are gone', () => {
  test('are forgotten: those flagged fail, those without an address, and those of which others know nothing', () => {
    const { plan, steps, id } = forgetFailed(`
      ${CLUSTER}
      F replica of A dead
      A says F fail
      N replica of A noaddr dead
      G primary dead
      B omits G
      a omits G
      b omits G
    `);
    const names = [...'FGN'].sort((x, y) => (id(x) < id(y) ? -1 : 1));
    expect(plan.victims).toEqual(names.map(id));
    expect(steps).toEqual([
      ['A', 'B', 'a', 'b'].flatMap(witness => names.map(name => `${witness} forgets ${name}`)),
      [`A B a b have forgotten ${names.join(' ')}`],
    ]);
    expect(plan.remarks).toEqual([]);
    expect(diagnose(project(plan), NO_WISHES)).toEqual([]);
  });

  test('are not those that only do not answer us, nor those that somebody flags and that answer', () => {
    expect(forgetFailed(`${CLUSTER}S replica of A down`).steps).toEqual([]);
    expect(forgetFailed(`${CLUSTER}S replica of A\nA says S fail`).steps).toEqual([]);
    expect(forgetFailed(`${CLUSTER}S replica of A down\nA says S fail?`).steps).toEqual([]);
  });

  test('are not those whom anybody hears: one that flags it fail may be cut off itself', () => {
    const { plan, id } = forgetFailed(`${CLUSTER}S replica of A down\nA says S fail`);
    expect(plan).toMatchObject({ stages: [], victims: [] });
    const heardBy = ['B', 'a', 'b'].map(id).sort();
    expect(plan.remarks).toEqual([{ kind: 'kept-alive', nodes: [id('S')], heardBy }]);
    const refusing = forgetFailed(`${CLUSTER}S replica of A dead refuses=login\nA says S fail`);
    expect(refusing.plan.remarks).toEqual([{ kind: 'kept-alive', nodes: [refusing.id('S')], heardBy: [] }]);
  });

  test('are not those who may have the last copy, whoever says what they are', () => {
    const dead = 'A primary 0-99\nP primary 100-16383 dead\n';
    const flagged = 'A says P fail\nA says R fail';
    const { plan, id } = forgetFailed(`${dead}R replica of P dead\n${flagged}`);
    expect(plan.victims).toEqual([]);
    expect(plan.remarks).toContainEqual({
      kind: 'kept-last-copy',
      nodes: [id('R')],
      slots: SlotSet.range(100, 16383),
    });
    const unknown = forgetFailed(`${dead}R stranger dead\n${flagged}`);
    expect(unknown.plan.remarks).toContainEqual(expect.objectContaining({ kind: 'kept-last-copy' }));
    const sibling = forgetFailed(`${dead}R replica of P dead\ns replica of P holds=9\n${flagged}`);
    expect(sibling.plan.victims).toEqual([sibling.id('R')]);
    expect(refusalsOf(delNode(`${dead}V replica of P dead`).decision)).toMatchObject([{ kind: 'last-copy' }]);
  });

  test('are those that were reset, and not those at whose address another member answers', () => {
    // Who answers there announces that address: B took the place of R.
    const reset = forgetFailed(`${CLUSTER}R replica of A dead answers=B host=h2 port=7001`);
    expect(reset.plan.victims).toEqual([reset.id('R')]);
    for (const how of ['down answers=B', 'dead answers=B', 'down answers=X', 'down answers=B map=x>y']) {
      const { plan, id } = forgetFailed(`${CLUSTER}R replica of A ${how}`);
      expect([how, plan.victims]).toEqual([how, []]);
      expect(plan.remarks).toMatchObject([{ kind: 'kept-misplaced', nodes: [id('R')] }]);
    }
    const { decision } = delNode(`${CLUSTER}V replica of A down answers=B`);
    expect(refusalsOf(decision)).toMatchObject([{ kind: 'wrong-address' }]);
  });

  test('are never those who answer, though another node answers where they announce to be', () => {
    const drawn = draw(CLUSTER);
    const [entry] = drawn.snapshot.views;
    if (!entry?.self.address) throw new Error();
    const lost = { id: entry.id, address: entry.self.address, reason: '', replacedBy: drawn.id('B') };
    const snapshot = { ...drawn.snapshot, unreachable: [lost] };
    const decision = planForgetFailed(examine(snapshot), placesIn(snapshot, new Map()));
    expect(planOf(decision)).toMatchObject({ victims: [], stages: [] });
    expect(diagnose(snapshot, NO_WISHES).map(({ kind }) => kind)).toContain('wrong-address');
  });

  test('are kept while they own slots, which is said', () => {
    const { steps, plan, id } = forgetFailed(`
      A primary 0-99
      F primary 100-16383 dead
      G primary dead
      A says F fail
      A says G fail
    `);
    expect(steps).toEqual([['A forgets G'], ['A have forgotten G']]);
    expect(plan.remarks).toEqual([
      { kind: 'not-told', nodes: [id('F')] },
      { kind: 'kept-for-slots', nodes: [id('F')] },
    ]);
  });

  test('leave replicas to others', () => {
    const { steps, plan, id } = forgetFailed(`${CLUSTER}F primary dead\nf replica of F\nA says F fail`);
    expect(steps[0]).toHaveLength(1);
    expect([...plan.homes.keys()]).toEqual([id('f')]);
    expect(steps.at(-1)).toEqual(['A B a b f agree on f']);
  });

  test('need no primary where a replica is gone with its primary', () => {
    const { plan } = forgetFailed(`
      ${CLUSTER}
      F primary dead
      f replica of F dead
      A says F fail
      A says f fail
    `);
    expect(plan).toMatchObject({ homes: new Map(), remarks: [] });
    expect(plan.victims).toHaveLength(2);
  });

  test('are handshakes too that come to nothing', () => {
    expect(forgetFailed(`${CLUSTER}X stranger handshake`).steps[0]).toContain('A forgets X');
  });

  test('are none in a healthy cluster', () => {
    fc.assert(
      fc.property(anyHealthy, drawing => {
        expect(forgetFailed(drawing).plan).toMatchObject({ stages: [], victims: [], remarks: [] });
      }),
    );
  });
});

const NAME = /^P\d(x\d)?/;
/** A healthy cluster and one of its nodes that owns no slots. */
const anyVictim = anyHealthy
  .map(drawing => ({ drawing, victims: drawing.match(/^P\d(x\d)? (primary {2}|replica)/gm) ?? [] }))
  .filter(({ victims }) => victims.length > 0)
  .chain(({ drawing, victims }) =>
    fc.record({
      drawing: fc.constant(drawing),
      victim: fc.constantFrom(...victims).map(line => NAME.exec(line)?.[0] ?? ''),
      ending: fc.constantFrom('reset', 'shutdown'),
    }),
  );

function removed(drawn: Drawing, victim: string, ending: 'reset' | 'shutdown') {
  const { snapshot, id } = drawn;
  const placeOf = placesIn(snapshot, new Map());
  return planOf(planDelNode({ snapshot, word: id(victim), ending, keepData: false, placeOf }));
}

function errorsIn(snapshot: ClusterSnapshot): string[] {
  return diagnose(snapshot, NO_WISHES).flatMap(({ severity, kind }) => (severity === 'error' ? [kind] : []));
}

describe('whatever the cluster and whoever leaves', () => {
  test('nobody knows the victim afterwards, nobody replicates it, and nothing is wrong', () => {
    fc.assert(
      fc.property(anyVictim, ({ drawing, victim, ending }) => {
        const drawn = draw(drawing);
        const after = project(removed(drawn, victim, ending));
        const gone = drawn.id(victim);
        const left = withoutNodes(after, new Set([gone]));
        for (const { id, nodes, self } of after.views.filter(view => view.id !== gone)) {
          expect(nodes.map(node => node.id)).not.toContain(gone);
          expect(nodes).toHaveLength(drawn.snapshot.views.length - 1);
          expect(self).not.toMatchObject({ primary: gone });
          expect(nodes.find(node => node.id === id)).toBe(self);
        }
        expect(errorsIn(left)).toEqual([]);
        expect(membersIn(after, gone)).toEqual(ending === 'shutdown' ? undefined : [gone]);
      }),
    );
  });

  test('done again, nothing is left to do, and the cluster does not know whom it is asked about', () => {
    fc.assert(
      fc.property(anyVictim, ({ drawing, victim }) => {
        const drawn = draw(drawing);
        const after = project(removed(drawn, victim, 'reset'));
        const gone = drawn.id(victim);
        const view = after.views.find(({ id }) => id === gone);
        const applicant = drawn.applicant(victim);
        if (!view || !isCandidate(applicant)) throw new Error('a node that is reset still answers');
        const snapshot = withoutNodes(after, new Set([gone]));
        expect(believedNodes(snapshot).has(gone)).toBe(false);
        const again = planDelNode({
          snapshot,
          word: gone,
          stranger: { ...applicant, view },
          ending: 'reset',
          keepData: false,
          placeOf: placesIn(snapshot, new Map()),
        });
        expect(planOf(again).stages).toEqual([]);
      }),
    );
  });
});

function membersIn({ views }: ClusterSnapshot, id: NodeId): NodeId[] | undefined {
  return views.find(view => view.id === id)?.nodes.map(node => node.id);
}

describe('a stranger at that address', () => {
  test('who knows nobody is told nothing, not even to shut down', () => {
    const { steps } = delNode(`${CLUSTER}V primary 0-16383 alone holds=1000`, { ending: 'shutdown' });
    expect(steps()).toEqual([]);
  });

  test('who takes itself for a member and for an owner of slots is not reset', () => {
    const { decision } = delNode(`${CLUSTER}V primary 0-99 outside\nV knows A`);
    expect(refusalsOf(decision).map(({ kind }) => kind)).toEqual(['has-slots']);
  });
});

describe('the last copy of slots whose owner does not answer', () => {
  const BROKEN = 'A primary 0-5460 host=h1 down\nB primary 5461-16383 host=h2\nV replica of A host=h2';

  test('is not removed, not even as it is', () => {
    for (const keepData of [false, true]) {
      const { decision } = delNode(BROKEN, { keepData });
      expect(refusalsOf(decision).map(({ kind }) => kind)).toEqual(['last-copy']);
    }
  });

  test('may go once there is another', () => {
    expect(delNode(`${BROKEN}\na replica of A host=h3`).decision.kind).toBe('plan');
  });
});

test('owners of slots that lose their last replica are named', () => {
  const { decision, id } = delNode(`${CLUSTER.replace('a replica of A host=h2', '')}V replica of A host=h2`);
  expect(planOf(decision).remarks).toEqual([{ kind: 'bare-afterwards', primaries: [id('A')] }]);
});

test('a victim that does not answer is said not to be reset', () => {
  const { decision, id } = delNode(`${CLUSTER}V primary down`);
  expect(planOf(decision).remarks).toContainEqual({ kind: 'not-ended', node: id('V') });
});

test('a node that was reset elsewhere, and that some still list, is a ghost', () => {
  const { steps } = forgetFailed(
    `${CLUSTER}V primary host=h3 holds=0\nV omits A\nV omits B\nV omits a\nV omits b`,
  );
  expect(steps[0]).toEqual(['A forgets V', 'B forgets V', 'a forgets V', 'b forgets V']);
});

test('a replica that has got nothing yet is no other copy', () => {
  const drawing =
    'A primary 0-5460 down\nB primary 5461-16383\nV replica of A holds=4\na replica of A behind=1000000000';
  expect(refusalsOf(delNode(drawing).decision).map(({ kind }) => kind)).toEqual(['last-copy']);
});

test('what others say that it owns counts, whatever it says itself: it may have been reset', () => {
  const drawing = `${CLUSTER}V primary holds=0\nA says V primary 7-9`;
  expect(refusalsOf(delNode(drawing).decision).map(({ kind }) => kind)).toEqual(['has-slots']);
  const ghosts = forgetFailed(`${drawing}\nV omits A\nV omits B\nV omits a\nV omits b`);
  expect(ghosts.plan.remarks).toEqual([{ kind: 'kept-for-slots', nodes: [ghosts.id('V')] }]);
});

test('orphans that hold keys nobody serves are not emptied', () => {
  const { decision } = delNode(`${CLUSTER}V primary host=h3\nv replica of V host=h2 holds=200`);
  expect(refusalsOf(decision).map(({ kind }) => kind)).toEqual(['has-stray-keys']);
});

test('the only node of its own view leaves nobody', () => {
  expect(refusalsOf(delNode('V primary').decision).map(({ kind }) => kind)).toEqual(['only-node']);
});
