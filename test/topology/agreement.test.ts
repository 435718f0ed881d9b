import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Glance, gapsAmong, glanceOf, type Scope, sameDuties } from '../../src/topology/agreement.ts';
import { draw } from '../support/drawing.ts';
import { anyHealthy } from '../support/healthy.ts';

type Wishes = Partial<Omit<Scope, 'members' | 'concerned'>> & {
  readonly concerned?: string;
  /** These are loading, and what is drawn of them is what they said last. */
  readonly loading?: string;
  /** Bytes that every replica has received. */
  readonly receivedBytes?: number;
};

const NAMES = [...'ABCabc'];

/** Each gap in a few words: `A unknown B` means that A does not know B. */
function gaps(drawing: string, wishes: Wishes = {}): string[] {
  const {
    goal = 'roles',
    wantsOk = true,
    wantsCopies = false,
    concerned,
    loading = '',
    receivedBytes,
  } = wishes;
  const { snapshot, id } = draw(drawing);
  const members = NAMES.filter(name => new RegExp(`^\\s*${name} (primary|replica)`, 'm').test(drawing)).map(
    id,
  );
  const glances = snapshot.views.map((view): Glance => {
    const { replication } = view.server;
    const received = replication.role === 'replica' && receivedBytes !== undefined && { receivedBytes };
    return {
      ...view,
      replication: { ...replication, ...received },
      ...([...loading].map(id).includes(view.id) && { isMute: true as const }),
    };
  });
  const found = gapsAmong(glances, {
    goal,
    members,
    wantsOk,
    wantsCopies,
    ...(concerned !== undefined && { concerned: new Set([...concerned].map(id)) }),
  });
  const named = (node: string) => NAMES.find(name => id(name) === node) ?? node;
  return found.map(gap => `${named(gap.who)} ${gap.kind}${'about' in gap ? ` ${named(gap.about)}` : ''}`);
}

const CLUSTER = `
  A primary 0-5460
  B primary 5461-16383
  a replica of A
`;

describe('nothing is missing', () => {
  test('where everybody knows everybody, hears them, and knows what they are', () => {
    expect(gaps(CLUSTER)).toEqual([]);
    fc.assert(
      fc.property(anyHealthy, drawing => {
        const { snapshot } = draw(drawing);
        const members = snapshot.views.map(({ id }) => id);
        const glances = snapshot.views.map(view => ({ ...view, replication: view.server.replication }));
        expect(gapsAmong(glances, { goal: 'roles', members, wantsOk: true })).toEqual([]);
      }),
    );
  });

  test('but what nobody asked about: nodes that are no members, epochs, addresses', () => {
    expect(gaps(`${CLUSTER}X primary down\nA omits X\nB says A at elsewhere`)).toEqual([]);
  });
});

describe('what is missing', () => {
  test('who does not know whom, or is still shaking hands', () => {
    expect(gaps(`${CLUSTER}A omits B\na says B stranger handshake`)).toEqual(['A unknown B', 'a unknown B']);
  });

  test('who does not hear whom', () => {
    expect(gaps(`${CLUSTER}A says a unlinked`)).toEqual(['A unlinked a']);
  });

  test.each([
    ['a role', 'B says a primary', 'B outdated a'],
    ['a role that it has not heard of', 'B says a stranger', 'B outdated a'],
    ['whose replica it is', 'B says a replica of B', 'B outdated a'],
    ['slots', 'a says B primary 5461-16382', 'a outdated B'],
  ])('who is wrong about %s, but only where roles count', (_, opinion, gap) => {
    expect(gaps(CLUSTER + opinion)).toEqual([gap]);
    expect(gaps(CLUSTER + opinion, { goal: 'members' })).toEqual([]);
  });

  test('who says that the cluster is down, where that counts', () => {
    const down = CLUSTER.replace('16383', '16383 state=fail');
    expect(gaps(down)).toEqual(['B not-ok']);
    expect(gaps(down, { wantsOk: false })).toEqual([]);
    expect(gaps(down, { goal: 'members' })).toEqual([]);
    // Who may not be asked has said nothing bad.
    expect(gaps(CLUSTER.replace('16383', '16383 state=unknown'))).toEqual([]);
  });

  test('who gets no data from its primary', () => {
    expect(gaps(`${CLUSTER.trimEnd()} link=down`)).toEqual(['a no-data A']);
    expect(gaps(`${CLUSTER.trimEnd()} link=down`, { goal: 'members' })).toEqual([]);
  });

  test('a copy that is under way is data, once the first byte is there', () => {
    const syncing = `${CLUSTER.trimEnd()} link=syncing`;
    expect(gaps(syncing)).toEqual(['a no-data A']);
    expect(gaps(syncing, { receivedBytes: 0 })).toEqual(['a no-data A']);
    expect(gaps(syncing, { receivedBytes: 1 })).toEqual([]);
    expect(gaps(`${CLUSTER.trimEnd()} link=down`, { receivedBytes: 1 })).toEqual(['a no-data A']);
  });

  test('a replica that its primary has let in, and that waits, is only not through', () => {
    const waiting = `${CLUSTER.trimEnd()} link=down listed=waiting`;
    expect(gaps(waiting)).toEqual([]);
    expect(gaps(waiting, { wantsCopies: true })).toEqual(['a copying A']);
    // The one whose primary has lost its slots, and who follows them.
    expect(gaps(waiting, { wantsCopies: true, concerned: 'A' })).toEqual(['a copying A']);
    expect(gaps(waiting, { wantsCopies: true, concerned: 'B' })).toEqual([]);
    expect(gaps(`${CLUSTER.trimEnd()} link=down listed=online`)).toEqual(['a no-data A']);
  });

  test('who shakes hands with somebody whom it knows already', () => {
    const { snapshot } = draw(`${CLUSTER}X stranger handshake`);
    const members = snapshot.views.map(({ id }) => id);
    const [first] = snapshot.views;
    const handshake = { role: 'stranger', handshake: true } as const;
    const glances = snapshot.views.map(view => ({
      ...glanceOf(view),
      nodes: view.nodes.map(node =>
        node.role === 'stranger' && first?.self.address
          ? { ...node, ...handshake, address: first.self.address }
          : node,
      ),
    }));
    expect(gapsAmong(glances, { goal: 'roles', members, wantsOk: true })).toEqual(
      members.map(who => ({ kind: 'handshake', who })),
    );
    expect(gapsAmong(glances, { goal: 'members', members, wantsOk: true })).toEqual([]);
    // With a stranger it is none of our business.
    expect(gaps(`${CLUSTER}X stranger handshake`)).toEqual([]);
  });
});

describe('where only some are concerned', () => {
  const damaged = `${CLUSTER}c replica of B link=down\nA omits B\na omits B\nB says a unlinked\nA says a replica of B`;

  test('only what they know counts, and what is known of them', () => {
    expect(gaps(damaged, { concerned: 'a' })).toEqual(['A outdated a', 'B unlinked a', 'a unknown B']);
    expect(gaps(damaged, { concerned: 'c' })).toEqual(['c no-data B']);
  });

  test('but everybody has to say that all is well', () => {
    expect(gaps(`${CLUSTER.replace('16383', '16383 state=fail')}c replica of A`, { concerned: 'c' })).toEqual(
      ['B not-ok'],
    );
  });
});

describe('a node that loads its data', () => {
  test('is waited for', () => {
    expect(gaps(CLUSTER, { loading: 'B' })).toEqual(['B loading']);
    expect(gaps(CLUSTER, { loading: 'a', goal: 'members' })).toEqual(['a loading']);
  });

  test('is not, if it is a new replica: it loads what its primary sends', () => {
    expect(gaps(`${CLUSTER}c replica of A link=down`, { loading: 'c', concerned: 'c' })).toEqual([]);
  });

  test('is, where copies are to be whole', () => {
    const loads = `${CLUSTER}c replica of A link=down`;
    expect(gaps(loads, { loading: 'c', concerned: 'c', wantsCopies: true })).toEqual(['c copying A']);
  });

  test('tells nothing; what others know of it still counts', () => {
    expect(gaps(`${CLUSTER}B omits A\nA omits B`, { loading: 'B' })).toEqual(['A unknown B', 'B loading']);
  });

  test('is anybody who has never said anything', () => {
    expect(gaps(`${CLUSTER}c replica of A down`)).toEqual(['c loading']);
  });
});

test('the same duties: role, slots and primary, and nothing else', () => {
  const { applicants } = draw(`
    A primary 0-99 epoch=1
    B primary 0-99 epoch=2
    C primary 0-98
    a replica of A
    b replica of A link=down
    c replica of B
    d replica
    X stranger
  `);
  const [A, B, C, a, b, c, d] = applicants.flatMap(node => ('view' in node ? [node.view.self] : []));
  if (!A || !B || !C || !a || !b || !c || !d) throw new Error();
  expect([sameDuties(A, A), sameDuties(A, B), sameDuties(a, b), sameDuties(d, d)]).toEqual([
    true,
    true,
    true,
    true,
  ]);
  expect([sameDuties(A, C), sameDuties(A, a), sameDuties(a, c), sameDuties(a, d)]).toEqual([
    false,
    false,
    false,
    false,
  ]);
});
