import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type CreatePlan, type CreateRequest, planCreate } from '../../../src/plan/membership/create.ts';
import type { Roles } from '../../../src/plan/membership/roles.ts';
import { perfectScore, scoreOf } from '../../../src/plan/placement/score.ts';
import { placeOfApplicant, readZoneMap } from '../../../src/plan/placement/zone-map.ts';
import type { Plan, Stage, Step } from '../../../src/plan/step.ts';
import { type Applicant, type Candidate, isCandidate } from '../../../src/topology/candidate.ts';
import { diagnose, NO_WISHES } from '../../../src/topology/diagnose.ts';
import type { ClusterNode, NodeId } from '../../../src/topology/node.ts';
import { SLOT_COUNT, SlotSet } from '../../../src/topology/slot-set.ts';
import { type ClusterSnapshot, isPrimary } from '../../../src/topology/snapshot.ts';
import { draw } from '../../support/drawing.ts';
import { comparable, planOf, refusalsOf, told } from '../../support/plan-text.ts';
import { project } from '../../support/project/project.ts';
import { anyStanding } from '../standing.ts';

interface Wishes {
  readonly replicas?: number;
  readonly roles?: Roles;
  readonly zones?: string;
  readonly allowFewPrimaries?: boolean;
}

function requestFor(nodes: readonly Applicant[], wishes: Wishes = {}): CreateRequest {
  const zones = readZoneMap(wishes.zones ?? '');
  return {
    nodes,
    roles: wishes.roles ?? { kind: 'counted', replicas: wishes.replicas ?? 0 },
    placeOf: node => placeOfApplicant(node, zones),
    allowFewPrimaries: wishes.allowFewPrimaries ?? false,
    allowMixed: false,
  };
}

function create(drawing: string, wishes?: Wishes) {
  const drawn = draw(drawing);
  return { ...drawn, drawn, decision: planCreate(requestFor(drawn.applicants, wishes)) };
}

const THREE = `
  A primary alone
  B primary alone
  C primary alone
`;
const SIX = `
  A primary alone host=h1
  B primary alone host=h2
  C primary alone host=h3
  D primary alone host=h1
  E primary alone host=h2
  F primary alone host=h3
`;

describe('a new cluster', () => {
  test('of three nodes: epochs and slots, then everybody meets the first, then all agree', () => {
    const { decision, drawn } = create(THREE);
    expect(told(planOf(decision), drawn)).toEqual([
      [
        'epoch 1 for A',
        'slots 0-5460 for A',
        'epoch 2 for B',
        'slots 5461-10922 for B',
        'epoch 3 for C',
        'slots 10923-16383 for C',
      ],
      ['A B C join A B C: A meets B, A meets C'],
      ['A B C agree on A B C and are ok'],
    ]);
  });

  test('in full: nodes meet where they find each other, and are spoken to where we do', () => {
    const { decision, applicants, id } = create(THREE);
    const [A, B, C] = ['A', 'B', 'C'].map(name => ({
      id: id(name),
      address: { host: `host-${name}`, port: 7000 + 'ABC'.indexOf(name) },
      meetAt: {
        ip: `host-${name}`,
        port: 7000 + 'ABC'.indexOf(name),
        busPort: 17000 + 'ABC'.indexOf(name),
      },
    }));
    const members = [A, B, C];
    const ids = ['A', 'B', 'C'].map(id);
    expect(planOf(decision)).toEqual({
      before: {
        entry: id('A'),
        views: applicants.map(node => (node as Candidate).view),
        unreachable: [],
      },
      stages: [
        [
          { kind: 'set-epoch', node: id('A'), epoch: 1 },
          { kind: 'assign-slots', node: id('A'), slots: SlotSet.range(0, 5460) },
          { kind: 'set-epoch', node: id('B'), epoch: 2 },
          { kind: 'assign-slots', node: id('B'), slots: SlotSet.range(5461, 10922) },
          { kind: 'set-epoch', node: id('C'), epoch: 3 },
          { kind: 'assign-slots', node: id('C'), slots: SlotSet.range(10923, 16383) },
        ],
        [
          {
            kind: 'join',
            introductions: [
              { from: A, to: B },
              { from: A, to: C },
            ],
            newcomers: ids,
            members,
          },
        ],
        [{ kind: 'agree', members, concerned: ids, wantsOk: true, wantsCopies: true }],
      ],
      remarks: [],
      shards: [
        { primary: id('A'), replicas: [], slots: SlotSet.range(0, 5460) },
        { primary: id('B'), replicas: [], slots: SlotSet.range(5461, 10922) },
        { primary: id('C'), replicas: [], slots: SlotSet.range(10923, 16383) },
      ],
      places: new Map(['A', 'B', 'C'].map(name => [id(name), { host: `host-${name}` }])),
    });
  });

  test('of six nodes on three hosts: replicas are on other hosts, and become that when all know each other', () => {
    const { decision, drawn } = create(SIX, { replicas: 1 });
    expect(told(planOf(decision), drawn)).toEqual([
      [
        'epoch 1 for A',
        'slots 0-5460 for A',
        'epoch 2 for B',
        'slots 5461-10922 for B',
        'epoch 3 for C',
        'slots 10923-16383 for C',
        'epoch 5 for D',
        'epoch 6 for E',
        'epoch 4 for F',
      ],
      ['A B C D E F join A B C D E F: A meets B, A meets C, A meets D, A meets E, A meets F'],
      ['D replicates B', 'E replicates C', 'F replicates A'],
      ['A B C D E F agree on A B C D E F and are ok'],
    ]);
  });

  test('with two primaries only where that was asked for', () => {
    const { decision } = create('A primary alone\nB primary alone', { allowFewPrimaries: true });
    expect(planOf(decision).shards.map(({ slots }) => `${slots}`)).toEqual(['0-8191', '8192-16383']);
  });
});

describe('roles that are named', () => {
  const address = (name: string) => `host-${name}:${7000 + 'ABCDEF'.indexOf(name)}`;
  const named = (primaries: string, replicasOf: Record<string, string> = {}): Roles => ({
    kind: 'named',
    primaries: [...primaries].map(address),
    replicasOf: new Map(
      Object.entries(replicasOf).map(([primary, replicas]) => [address(primary), [...replicas].map(address)]),
    ),
  });
  const six = [...'ABCDEF'].map(name => `${name} primary alone`).join('\n');
  const shardsOf = (drawing: string, roles: Roles) => {
    const { decision, named: withNames } = create(drawing, { roles });
    return planOf(decision).shards.map(({ primary, replicas, slots }) =>
      withNames(`${primary} ${slots}: ${replicas.join(' ')}`),
    );
  };

  test('primaries get their slots in the order in which they are named; their replicas are chosen', () => {
    expect(shardsOf(six, named('FAC'))).toEqual(['F 0-5460: E', 'A 5461-10922: B', 'C 10923-16383: D']);
  });

  test('replicas are whose they are said to be, even if that is uneven', () => {
    expect(shardsOf(six, named('FAC', { A: 'BDE' }))).toEqual([
      'F 0-5460: ',
      'A 5461-10922: B D E',
      'C 10923-16383: ',
    ]);
  });

  test.each([
    [
      'a replica of somebody who is no primary',
      named('ABC', { D: 'EF' }),
      /^--replicas-of host-D:7003: it is not/,
    ],
    ['two roles for one node', named('ABC', { A: 'DB', C: 'EF' }), /^host-B:7001 is given two roles$/],
    ['a primary named twice', named('ABCA'), /^host-A:7000 is given two roles$/],
    ['a node without a role', named('ABC', { A: 'DE' }), /^host-F:7005 is given no role/],
    ['two nodes without a role', named('ABC', { A: 'D' }), /^host-E:7004, host-F:7005 are given no role/],
  ])('%s is refused', (_, roles, problem) => {
    expect(refusalsOf(create(six, { roles }).decision)).toEqual([
      { kind: 'wrong-roles', problem: expect.stringMatching(problem) },
    ]);
  });

  test('fewer than three primaries are refused here too', () => {
    expect(refusalsOf(create(six, { roles: named('AB') }).decision)).toMatchObject([
      { kind: 'too-few-primaries', nodes: 6, primaries: 2 },
    ]);
  });
});

describe('zones', () => {
  const spread = (drawing: string, zones = '') => {
    const { decision } = create(drawing, { replicas: 1, zones });
    const { shards, places } = planOf(decision);
    return {
      score: scoreOf(shards, id => places.get(id) ?? { host: '' }),
      zones: shards.map(({ primary, replicas }) => [primary, ...replicas].map(id => places.get(id)?.zone)),
    };
  };
  const six = (zoneOf: (i: number) => string) =>
    [...'ABCDEF'].map((name, i) => `${name} primary alone host=h${i}${zoneOf(i)}`).join('\n');

  test('that servers tell keep replicas away from their primaries', () => {
    const { score, zones } = spread(six(i => ` zone=${'xyz'[Math.floor(i / 2)]}`));
    expect(score).toEqual(perfectScore);
    expect(zones.map(([primary]) => primary).sort()).toEqual(['x', 'y', 'z']);
    for (const [primary, replica] of zones) expect(replica).not.toBe(primary);
  });

  test('that the person writes do the same, and count for more than what servers tell', () => {
    const map = 'h0=x,h1=x,h2=y,h3=y,h4=z,h5=z';
    expect(
      spread(
        six(() => ''),
        map,
      ),
    ).toEqual(spread(six(i => ` zone=${'xyz'[Math.floor(i / 2)]}`)));
    expect(
      spread(
        six(() => ' zone=everywhere'),
        map,
      ).score,
    ).toEqual(perfectScore);
  });

  test('of which there is one only change nothing', () => {
    expect(spread(six(() => ' zone=x')).score).toEqual({ ...perfectScore, inPrimaryZone: 3 });
  });
});

/** Three fit nodes, of which one is made unfit. */
const with3 = (line: string) => `A primary alone\nB primary alone\n${line}`;

describe('what stands against it', () => {
  test.each([
    ['it does not answer', 'C primary alone down', { kind: 'silent', reason: 'it is drawn so' }],
    ['it holds keys', 'C primary alone holds=7', { kind: 'holds-keys', keys: 7 }],
    [
      'it owns slots that it is not to have',
      'C primary 5-9 alone',
      { kind: 'owns-slots', slots: SlotSet.range(5, 9) },
    ],
    ['it has an epoch', 'C primary alone epoch=8', { kind: 'has-epoch', epoch: 8 }],
    [
      'it has functions',
      'C primary alone functions=f:1,g:2',
      { kind: 'has-functions', libraries: ['f', 'g'], differing: false },
    ],
    ['it knows others', 'C primary alone\nX primary outside\nC knows X', { kind: 'knows-others', others: 1 }],
  ])('a node: %s', (_, line, refusal) => {
    const drawn = draw(with3(line));
    const nodes = ['A', 'B', 'C'].map(drawn.applicant);
    const { asked } = drawn.applicant('C');
    expect(refusalsOf(planCreate(requestFor(nodes)))).toEqual([{ ...refusal, node: asked }]);
  });

  test('a node: it is a replica of somebody, whom it knows', () => {
    const drawn = draw(with3('C replica of X alone\nX primary outside\nC knows X'));
    const { asked } = drawn.applicant('C');
    expect(refusalsOf(planCreate(requestFor(['A', 'B', 'C'].map(drawn.applicant))))).toEqual([
      { kind: 'knows-others', node: asked, others: 1 },
      { kind: 'is-replica', node: asked },
    ]);
  });

  test.each(['functions=none', 'tls=yes', 'holds=0'])('nothing, where all have %s', option => {
    expect(create(THREE.replaceAll('alone', `alone ${option}`)).decision.kind).toBe('plan');
  });

  test('a handshake with one of the others is no stranger', () => {
    const { applicants } = draw(with3('C primary alone'));
    const [first, ...rest] = candidatesIn(applicants);
    const [second] = rest;
    if (!first || !second) throw new Error();
    expect(planCreate(requestFor([shakingHands(first, second), ...rest])).kind).toBe('plan');
  });

  test('one node under two names', () => {
    const { applicants } = draw(`${THREE}D primary alone`);
    const [first] = applicants;
    if (!first) throw new Error();
    const again = { ...first, asked: { host: 'localhost', port: 7000 } };
    expect(refusalsOf(planCreate(requestFor([...applicants, again])))).toEqual([
      { kind: 'same-node', nodes: [first.asked, again.asked] },
    ]);
  });

  test('one silent node written twice', () => {
    const { applicants, applicant } = draw(`${THREE}D primary alone\nE primary alone down`);
    const { asked } = applicant('E');
    expect(refusalsOf(planCreate(requestFor([...applicants, applicant('E')])))).toEqual([
      { kind: 'silent', node: asked, reason: 'it is drawn so' },
      { kind: 'silent', node: asked, reason: 'it is drawn so' },
      { kind: 'same-node', nodes: [asked, asked] },
    ]);
  });

  test('buses of which only some speak TLS; those that do not tell are left out', () => {
    const { decision, applicant } = create(
      'A primary alone tls=yes\nB primary alone tls=no\nC primary alone',
    );
    expect(refusalsOf(decision)).toEqual([
      { kind: 'tls-mixed', withTls: [applicant('A').asked], without: [applicant('B').asked] },
    ]);
  });

  test('loopback addresses beside others', () => {
    const { decision, applicant } = create(
      'A primary alone host=127.0.0.1\nB primary alone\nC primary alone',
    );
    expect(refusalsOf(decision)).toEqual([{ kind: 'loopback-mixed', loopback: [applicant('A').asked] }]);
    expect(create(SIX.replaceAll(/host=h/g, 'host=127.0.0.')).decision.kind).toBe('plan');
  });

  test('too few nodes for three primaries', () => {
    expect(refusalsOf(create(SIX, { replicas: 2 }).decision)).toEqual([
      { kind: 'too-few-primaries', nodes: 6, replicas: 2, primaries: 2 },
    ]);
  });

  test('no primary at all, even where few are allowed', () => {
    expect(refusalsOf(create(THREE, { replicas: 3, allowFewPrimaries: true }).decision)).toEqual([
      { kind: 'too-few-primaries', nodes: 3, replicas: 3, primaries: 0 },
    ]);
    expect(refusalsOf(planCreate(requestFor([])))).toMatchObject([{ kind: 'too-few-primaries', nodes: 0 }]);
  });

  test('is told completely: every reason, for every node', () => {
    const drawn = draw(`
      A primary 7 alone holds=2 epoch=9 functions=f:1 tls=yes host=127.0.0.1
      B primary alone down
      C replica of X alone holds=1 tls=no
      X primary outside
      C knows X
    `);
    const nodes = ['A', 'B', 'C'].map(drawn.applicant);
    const [A, B, C] = nodes.map(({ asked }) => asked);
    expect(refusalsOf(planCreate(requestFor(nodes, { replicas: 1 })))).toEqual([
      { kind: 'silent', node: B, reason: 'it is drawn so' },
      { kind: 'tls-mixed', withTls: [A], without: [C] },
      { kind: 'loopback-mixed', loopback: [A] },
      { kind: 'too-few-primaries', nodes: 3, replicas: 1, primaries: 1 },
      { kind: 'owns-slots', node: A, slots: SlotSet.of(7) },
      { kind: 'holds-keys', node: A, keys: 2 },
      { kind: 'has-epoch', node: A, epoch: 9 },
      { kind: 'has-functions', node: A, libraries: ['f'], differing: false },
      { kind: 'knows-others', node: C, others: 1 },
      { kind: 'is-replica', node: C },
      { kind: 'holds-keys', node: C, keys: 1 },
    ]);
  });
});

describe('what an earlier run has begun', () => {
  test('is not held against its nodes because one of them does not answer now', () => {
    const { decision, applicant } = create(
      `
        A primary 0-5460 epoch=1 host=h1 holds=5
        B primary 5461-10922 epoch=2 host=h2
        C primary 10923-16383 epoch=3 host=h3 down
        D replica of B host=h1
        E primary host=h2 epoch=6
        F replica of A host=h3 holds=5
      `,
      { replicas: 1 },
    );
    expect(refusalsOf(decision)).toEqual([
      { kind: 'silent', node: applicant('C').asked, reason: 'it is drawn so' },
    ]);
  });

  test('is not held against them because two do not answer', () => {
    const six = SIX.replaceAll('alone', '');
    const drawn = draw(six.replace(/h1/, 'h1 down').replace(/h2/, 'h2 down'));
    const kinds = refusalsOf(planCreate(requestFor(drawn.applicants, { replicas: 1 }))).map(
      ({ kind }) => kind,
    );
    expect(kinds).toEqual(['silent', 'silent']);
  });

  test('has had no time for epochs: who knows others takes none from outside any more', () => {
    const { decision, drawn } = create(`
      A primary 0-5460 epoch=0
      B primary 5461-10922 epoch=0
      C primary 10923-16383 epoch=0
    `);
    expect(told(planOf(decision), drawn)).toEqual([]);
  });

  test('may have been used since: keys, functions and other epochs are no reason against a cluster that is there', () => {
    const { decision, drawn } = create(`
      A primary 0-5460 holds=5 functions=f:1 epoch=12
      B primary 5461-10922 holds=5 functions=f:1 epoch=14
      C primary 10923-16383 holds=5 functions=f:1 epoch=11
    `);
    expect(told(planOf(decision), drawn)).toEqual([]);
  });

  test('is held against them where it was another one', () => {
    const { decision, applicant } = create(
      `
        A primary 0-5460 epoch=1
        B primary 5461-16383 epoch=2
        C replica of B
      `,
    );
    expect(refusalsOf(decision)).toEqual([
      { kind: 'owns-slots', node: applicant('B').asked, slots: SlotSet.range(5461, 16383) },
      { kind: 'is-replica', node: applicant('C').asked },
    ]);
  });

  test('is a whole cluster, but not all is well with it yet', () => {
    const { decision, drawn } = create(`
      A primary 0-5460
      B primary 5461-10922
      C primary 10923-16383 state=fail
    `);
    expect(told(planOf(decision), drawn)).toEqual([['A B C agree on A B C and are ok']]);
  });

  test('is everything but that two do not know each other', () => {
    const { decision, drawn } = create(`
      A primary 0-5460
      B primary 5461-10922
      C primary 10923-16383
      B omits C
      C omits B
    `);
    expect(told(planOf(decision), drawn)).toEqual([
      ['A B C join A B C: '],
      ['A B C agree on A B C and are ok'],
    ]);
  });
});

const anyRequest = fc
  .tuple(anyStanding({ nodes: 30, hosts: 10, zones: 3 }), fc.integer({ min: 0, max: 2 }))
  .filter(([spots, replicas]) => spots.length >= 3 * (replicas + 1))
  .map(([spots, replicas]) => {
    const lines = spots.map(({ place: { host, zone } }, i) =>
      `n${i} primary alone host=${host} ${zone === undefined ? '' : `zone=${zone}`}`.trim(),
    );
    return { drawing: lines.join('\n'), replicas };
  });

describe('whatever the nodes, if they are fit', () => {
  test('what comes of it is a cluster of which a check finds nothing wrong but where its nodes stand', () => {
    fc.assert(
      fc.property(anyRequest, ({ drawing, replicas }) => {
        const plan = planOf(create(drawing, { replicas }).decision);
        const after = project(plan);
        const findings = diagnose(after, NO_WISHES);
        const { onPrimaryHost } = scoreOf(plan.shards, id => plan.places.get(id) ?? { host: '' });
        expect(findings.filter(({ severity }) => severity === 'error')).toEqual([]);
        const kinds = findings.map(({ kind }) => kind).filter(kind => kind !== 'siblings-on-one-host');
        expect(kinds).toEqual(onPrimaryHost > 0 ? ['replica-on-primary-host'] : []);

        const primaries = after.views.map(({ self }) => self).filter(isPrimary);
        expect(primaries.reduce((sum, { slots }) => sum + slots.size, 0)).toBe(SLOT_COUNT);
        expect(SlotSet.union(primaries.map(({ slots }) => slots))).toEqual(SlotSet.all);
        expect(new Set(primaries.map(({ configEpoch }) => configEpoch)).size).toBe(primaries.length);
        const epochs = plan.stages.flat().flatMap(step => (step.kind === 'set-epoch' ? [step.epoch] : []));
        expect([...epochs].sort((a, b) => a - b)).toEqual(after.views.map((_, i) => i + 1));
        // All know the same, so they share one list, as views of a healthy cluster do.
        expect(new Set(after.views.map(({ nodes }) => nodes)).size).toBe(1);
      }),
    );
  });

  test('made again of what comes of it, nothing is left to do', () => {
    fc.assert(
      fc.property(anyRequest, ({ drawing, replicas }) => {
        const { applicants, decision } = create(drawing, { replicas });
        const again = planCreate(requestFor(later(applicants, project(planOf(decision))), { replicas }));
        expect(planOf(again).stages).toEqual([]);
      }),
    );
  });

  test('interrupted anywhere, it goes on from there, does no more than is missing, and ends in the same', () => {
    const half = anyRequest.chain(request => {
      const { applicants, decision } = create(request.drawing, request);
      return halfWay(candidatesIn(applicants), planOf(decision)).map(seen => ({
        ...request,
        decision,
        seen,
      }));
    });
    fc.assert(
      fc.property(half, ({ replicas, decision, seen }) => {
        const whole = planOf(decision);
        const rest = planOf(planCreate(requestFor(seen.nodes, { replicas })));
        expect(singleSteps(rest)).toEqual(singleSteps(whole).filter(step => !seen.done.has(step)));
        expect(rest.stages.some(hasJoin)).toBe(!seen.joined);
        expect(comparable(project(rest))).toEqual(comparable(project(whole)));
      }),
    );
  });
});

function candidatesIn(nodes: readonly Applicant[]): Candidate[] {
  return nodes.filter(isCandidate);
}

function singleSteps({ stages }: Plan): Step[] {
  return stages.flat().filter(({ kind }) => kind !== 'join' && kind !== 'agree');
}

function hasJoin(stage: Stage): boolean {
  return stage.some(({ kind }) => kind === 'join');
}

/** The same nodes, asked again. */
function later(nodes: readonly Applicant[], { views }: ClusterSnapshot): Candidate[] {
  const now = new Map(views.map(view => [view.id, view]));
  return candidatesIn(nodes).map(node => ({ ...node, view: now.get(node.view.id) ?? node.view }));
}

interface HalfWay {
  readonly nodes: readonly Candidate[];
  readonly done: ReadonlySet<Step>;
  readonly joined: boolean;
}

/** In each of its stages a run can end with some steps done and others not. */
function halfWay(nodes: readonly Candidate[], plan: CreatePlan): fc.Arbitrary<HalfWay> {
  const { before, stages } = plan;
  const at = stages.findIndex(hasJoin);
  const [own, roles] = [stages.slice(0, at).flat(), stages.slice(at + 1).flat()];
  const done = (...steps: Stage[]) => later(nodes, project({ ...plan, before, stages: steps }));
  const inOwn = fc.subarray(own).map(some => ({ nodes: done(some), done: new Set(some), joined: false }));
  const ids = nodes.map(({ view }) => view.id);
  const pair = fc.tuple(fc.constantFrom(...ids), fc.constantFrom(...ids), fc.boolean());
  const inJoin = fc.array(pair, { maxLength: 3 * ids.length }).map(pairs => ({
    nodes: acquainted(done(own), pairs),
    done: new Set(own),
    joined: false,
  }));
  const inRoles = fc.subarray(roles.filter(({ kind }) => kind === 'replicate')).map(some => ({
    nodes: done(...stages.slice(0, at + 1), some),
    done: new Set([...own, ...some]),
    joined: true,
  }));
  return fc.oneof(inOwn, inJoin, inRoles);
}

/** `[who, of whom, whether it is through]`: nodes that have heard of some others, or have begun to. */
function acquainted(nodes: readonly Candidate[], pairs: readonly [NodeId, NodeId, boolean][]): Candidate[] {
  return pairs.reduce<Candidate[]>(
    (seen, [who, about, through]) => {
      const other = seen.find(({ view }) => view.id === about);
      return seen.map(node => {
        if (!other || node.view.id !== who || node === other) return node;
        return through ? knowing(node, other) : shakingHands(node, other);
      });
    },
    [...nodes],
  );
}

function knowing(
  node: Candidate,
  { view: { self }, meetAt: { ip: host, port, busPort } }: Candidate,
): Candidate {
  return hearingOf(node, { ...self, address: { host, port, busPort } });
}

/** A handshake has an id of its own until it is through. */
function shakingHands(
  node: Candidate,
  { view: { id }, meetAt: { ip: host, port, busPort } }: Candidate,
): Candidate {
  return hearingOf(node, {
    id: [...id].reverse().join('') as NodeId,
    address: { host, port, busPort },
    flags: ['handshake'],
    health: 'ok',
    configEpoch: 0,
    linked: false,
    role: 'stranger',
    handshake: true,
  });
}

function hearingOf(node: Candidate, other: ClusterNode): Candidate {
  const nodes = [...node.view.nodes.filter(({ id }) => id !== other.id), other];
  return { ...node, view: { ...node.view, nodes } };
}

test('products that misunderstand each other are refused', () => {
  const { decision } = create('A primary alone\nB primary alone product=valkey\nC primary alone');
  expect(refusalsOf(decision).map(({ kind }) => kind)).toEqual(['products-mixed']);
});

test('a replica that gets nothing is no finished cluster', () => {
  const drawing =
    'A primary 0-5460\nB primary 5461-10922\nC primary 10923-16383\na replica of A link=down\nb replica of B\nc replica of C';
  const { decision } = create(drawing.replace('host=', ''), { replicas: 1 });
  expect(decision.kind === 'plan' && decision.plan.stages.length).not.toBe(0);
});
