/** What is said of failovers: why not, what may be lost, and why it came to nothing. */
import { describe, expect, test } from 'vitest';
import { planFailover } from '../../../src/plan/failover/failover.ts';
import type { FailoverRefusal } from '../../../src/plan/failover/refusal.ts';
import { planRolling } from '../../../src/plan/failover/rolling.ts';
import type { Problem } from '../../../src/plan/step.ts';
import { plain } from '../../../src/report/paint.ts';
import { renderFailover } from '../../../src/report/text/failover.ts';
import { describeRemark, remarkLines } from '../../../src/report/text/membership.ts';
import { NodeNames } from '../../../src/report/text/names.ts';
import { describeProblem } from '../../../src/report/text/problem.ts';
import { stageLines } from '../../../src/report/text/progress.ts';
import { describeRefusal } from '../../../src/report/text/refusal.ts';
import { diagnose, NO_WISHES } from '../../../src/topology/diagnose.ts';
import type { NodeId } from '../../../src/topology/node.ts';
import { SlotSet } from '../../../src/topology/slot-set.ts';
import { draw } from '../../support/drawing.ts';
import { planOf } from '../../support/plan-text.ts';

const { snapshot, id, named } = draw(`
  A primary 0-8191 version=8.0.1
  B primary 8192-16383 version=8.0.1
  a replica of A version=8.6.3 behind=2048
  b replica of B version=8.6.3
`);
const [A, a, b] = ['A', 'a', 'b'].map(id) as [NodeId, NodeId, NodeId];
const names = new NodeNames(snapshot);

const FORCED =
  '`failover --force` has a majority of the primaries vote for the replica without its primary: right where that is down for good, or for too long. `failover --takeover` asks nobody: right only where no majority is left. What the replica has not received is lost with either.';

/** One of every kind: a kind that is missing here does not compile. */
const refusals: {
  readonly [K in FailoverRefusal['kind']]: [Extract<FailoverRefusal, { kind: K }>, sentence: string];
} = {
  'replica-of-nobody': [
    { kind: 'replica-of-nobody', node: a },
    'a has no primary that it could take over from.',
  ],
  'not-its-replica': [{ kind: 'not-its-replica', node: a, primary: A }, 'a does not replicate A any more.'],
  'no-replica-answers': [
    { kind: 'no-replica-answers', primary: A },
    'No replica of A answers, so nobody can take over.',
  ],
  'replica-unlinked': [
    { kind: 'replica-unlinked', node: a, primary: A, syncing: true },
    'a is still copying A, and cannot take over before it is through.',
  ],
  'replica-too-far-behind': [
    { kind: 'replica-too-far-behind', node: a, primary: A, bytes: 4096, most: 1024 },
    'a is 4.0 KB behind A, more than 1.0 KB (--max-replica-lag); clients would be kept waiting for it in vain. Try again when it has caught up.',
  ],
  'primary-silent': [
    { kind: 'primary-silent', node: a, primary: A },
    `A, whose place a is to take, does not answer, and cannot hand over. ${FORCED}`,
  ],
  'replica-empty': [
    { kind: 'replica-empty', node: a, primary: A, expected: 4000, by: 'other-shards' },
    'a holds no keys, but judging by the other shards, the shard of A should have about 4000 keys: all keys of the shard would be lost, because the old primary would copy from it. Bring A back with its data, or choose another replica. `failover --despite-findings` does it anyway.',
  ],
  'no-majority': [
    { kind: 'no-majority', answering: 1, voters: 3 },
    'Only 1 of 3 primaries answer, and no majority could vote. Bring more of them back; or, where they are gone for good, `failover --takeover` asks nobody. If they are only out of reach from here, they may elect somebody else, and what is written to the loser is lost.',
  ],
  'sibling-ahead': [
    { kind: 'sibling-ahead', node: a, sibling: b, bytes: 7 },
    'b has received 7 B more than a, and the primary is not there to give it the rest. Fail over to b; or lose them with --despite-findings.',
  ],
  'replica-without-data': [
    { kind: 'replica-without-data', node: a, primary: A },
    'a has no whole copy of A: all keys of the shard would be lost, because the old primary would copy from it. Wait until it is in step, or choose another replica. `failover --despite-findings` does it anyway.',
  ],
  'shard-in-motion': [
    { kind: 'shard-in-motion', primary: A, slots: SlotSet.of(7) },
    'slot 7 of A is on the way; a failover would leave the move half done. Let it finish, or repair it with `slotctl fix`; then try again. `failover --despite-findings` goes on.',
  ],
  'in-doubt': [
    { kind: 'in-doubt', findings: [] },
    'Something is wrong, so nothing is touched:  Fix it first (`slotctl explain` shows how). `slotctl failover` does a single shard in spite of it.',
  ],
  'nobody-as-wanted': [
    { kind: 'nobody-as-wanted', primary: A, versions: ['8.6'], hosts: ['h1', 'h2'] },
    'No replica of A that answers runs 8.6 and is on h1 or h2.',
  ],
};

describe('a refusal', () => {
  test.each(Object.values(refusals))('%j', (refusal, sentence) => {
    expect(named(describeRefusal(refusal, names))).toBe(sentence);
  });

  test('says of a replica without a link what may be done', () => {
    const refusal = { kind: 'replica-unlinked', node: a, primary: A, syncing: false } as const;
    expect(named(describeRefusal(refusal, names))).toContain(FORCED);
  });
});

describe('a preview', () => {
  test('names who takes whose place, with versions and lag, and what to know before', () => {
    const terms = { maxLagBytes: 9999, migrations: [] };
    const wish = { all: false, versions: [], hosts: [] };
    const plan = planOf(planRolling({ snapshot, wish, ...terms }));
    expect(named(renderFailover(plan, remarkLines(plan, plain), plain)).replace(/ +/g, ' ')).toBe(
      [
        '>>> Failing over 2 shards (CLUSTER FAILOVER)',
        'becomes primary version in place of version behind it',
        'a redis 8.6.3 A redis 8.0.1 2.0 KB',
        'b redis 8.6.3 B redis 8.0.1 0 B',
        '[WARNING] A and B are older than their new primary will be: what is written goes on to come through, but a copy of all data can be read only after an upgrade. That is not waited for.',
        '',
      ].join('\n'),
    );
    expect(
      plan.stages
        .slice(0, 2)
        .flatMap(stage => stageLines(stage, names, plain))
        .map(named),
    ).toEqual([
      '>>> Looking whether all is well before a takes over from A',
      '>>> a takes over from A (CLUSTER FAILOVER)',
    ]);
  });

  test('of a takeover says what it may cost', () => {
    const terms = { way: 'takeover', maxLagBytes: 0, despiteFindings: false, migrations: [] } as const;
    const plan = planOf(planFailover({ snapshot, wanted: { replica: a }, ...terms }));
    expect(plan.remarks.map(remark => named(describeRemark(remark, names)))).toEqual([
      'Writes that A has acknowledged and a has not received are lost, also where the old primary comes back.',
      'a takes over without a vote. If primaries that do not answer here are alive elsewhere, they may elect another, and one of the two loses its writes.',
      expect.stringContaining('A is older than its new primary will be'),
    ]);
    const [stage = []] = plan.stages;
    expect(stageLines(stage, names, plain).map(named)).toEqual([
      '>>> a takes over from A (CLUSTER FAILOVER TAKEOVER)',
    ]);
  });

  test('names those who do not answer', () => {
    const later = (...nodes: NodeId[]) => named(describeRemark({ kind: 'hears-later', nodes }, names));
    expect(later(a)).toBe('a does not answer, and hears of it when it is back.');
    expect(later(a, b)).toBe('a and b do not answer, and hear of it when they are back.');
  });
});

describe('a failover that comes to nothing', () => {
  const why = (problem: Problem) => describeProblem(problem, names, new Map()).map(named);

  test.each<[Extract<Problem, { kind: 'not-promoted' }>['way'], number, string]>([
    ['graceful', 0, 'a has not caught up with its primary within 5 s (--join-timeout). Nothing was changed.'],
    [
      'graceful',
      2,
      'a is not a primary after 5 s (--join-timeout), although it was asked 2 times to become one. The primary or',
    ],
    [
      'force',
      1,
      'a is not a primary after 5 s (--join-timeout), although it was asked 1 time to become one. No majority',
    ],
  ])('%s, told %d times', (way, told, beginning) => {
    const [line = ''] = why({ kind: 'not-promoted', node: a, way, told, isDeaf: false, waitedMs: 5000 });
    expect(line.startsWith(beginning)).toBe(true);
  });

  test('because the two do not hear each other', () => {
    const problem = { kind: 'not-promoted', node: a, way: 'graceful', told: 0, isDeaf: true } as const;
    expect(why({ ...problem, waitedMs: 5000 }).join()).toMatch(
      /^a does not hear its primary on the cluster bus, /,
    );
  });

  test('because something was in the way', () => {
    const damaged = draw('A primary 0-16383\na replica of A down');
    const findings = diagnose(damaged.snapshot, NO_WISHES).filter(({ severity }) => severity === 'error');
    const lines = why({ kind: 'not-ready', doubts: [{ kind: 'in-doubt', findings }], waitedMs: 1500 });
    expect(lines[0]).toBe('After 1.5 s (--join-timeout) this was still in the way:');
    expect(lines[1]).toMatch(/^Something is wrong, so nothing is touched: .* could not be asked/);
  });
});
