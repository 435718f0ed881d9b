/** The commands that `explain` prints are those that go over the wire when `fix` does it, in every situation. */
import { describe, expect, test, vi } from 'vitest';
import { decideOnRound } from '../../../src/commands/fix.ts';
import { USUAL_MOVING } from '../../../src/commands/options/move.ts';
import { execute } from '../../../src/live/execute.ts';
import type { FixPlan, Preference } from '../../../src/plan/fix/fix.ts';
import { SITUATION_NUMBERS } from '../../../src/plan/fix/situation-kinds.ts';
import { eventLine } from '../../../src/report/json/change-events.ts';
import { plain } from '../../../src/report/paint.ts';
import { renderFix } from '../../../src/report/text/fix.ts';
import { NodeNames } from '../../../src/report/text/names.ts';
import { ErrorReply } from '../../../src/resp/reply.ts';
import { compare, type Sent } from '../../support/explained.ts';
import { breachOf } from '../../support/json-contract.ts';
import { planOf } from '../../support/plan-text.ts';
import { simulatedClock } from '../../support/simulated/clock.ts';
import type { SimulatedCluster } from '../../support/simulated/cluster.ts';
import { SimulatedFleet } from '../../support/simulated/fleet.ts';
import { SCENES, type Scene, sceneOf } from '../../support/simulated/situations.ts';

vi.mock(
  'node:timers/promises',
  async () => (await import('../../support/simulated/clock.ts')).simulatedTimers,
);

const CASES = SCENES.flatMap(scene =>
  scene.dialects.map(dialect => ({ ...scene, dialect, server: `${dialect.product} ${dialect.version}` })),
);

async function planned(
  cluster: SimulatedCluster,
  { withUnreachable = false }: Scene,
  prefer: Preference,
): Promise<FixPlan> {
  const { timePasses } = cluster;
  // Some of it would settle by itself.
  cluster.timePasses = () => {};
  const fleet = new SimulatedFleet(cluster, cluster.node(1));
  const wishes = { searchOwners: true, withUnreachable };
  const { decision } = await decideOnRound(fleet, { wishes, prefer });
  fleet.close();
  cluster.timePasses = timePasses;
  return planOf(decision);
}

/** Everything that is sent while the plan is carried out. */
async function wordsOf(cluster: SimulatedCluster, plan: FixPlan): Promise<Sent[]> {
  const sent: Sent[] = [];
  const { run } = cluster;
  cluster.run = (node, session, words) => {
    const reply = run.call(cluster, node, session, words);
    sent.push({ node: node.address, words, isRefused: reply instanceof ErrorReply });
    return reply;
  };
  const fleet = new SimulatedFleet(cluster, cluster.node(1));
  const { timeoutMs } = USUAL_MOVING.limits;
  const nowMs = () => simulatedClock.nowMs;
  const mending = {
    prefer: plan.prefer,
    timeoutMs,
    rescue: () => Promise.resolve(),
    keptIn: 'a file',
    allowBlocking: false,
  } as const;
  const moving = { ...USUAL_MOVING, mover: 'migrate', isStopping: () => false } as const;
  for await (const event of execute(fleet, plan, { joinTimeoutMs: 60_000, nowMs, mending, moving })) {
    if (event.kind !== 'waiting') {
      const line = eventLine({ event: 'progress', of: event, plan }, new NodeNames(plan.before));
      expect(breachOf('change-event', JSON.parse(line))).toBeUndefined();
    }
    if (event.kind === 'step-failed') throw new Error(`${event.step.kind}: ${JSON.stringify(event.problem)}`);
  }
  fleet.close();
  return sent;
}

test('there is a scene for every situation', () => {
  expect(new Set(SCENES.map(({ kind }) => kind))).toEqual(new Set(Object.keys(SITUATION_NUMBERS)));
});

describe.each(CASES)('$kind, $server', scene => {
  test.each(['owner', 'other'] as const)('the value of the %s is preferred', async prefer => {
    simulatedClock.restart();
    const cluster = sceneOf(scene, scene.dialect);
    const plan = await planned(cluster, scene, prefer);
    expect(plan.situations.map(({ kind }) => kind)).toContain(scene.kind);
    const line = eventLine({ event: 'plan', command: 'fix', plan }, new NodeNames(plan.before));
    expect(breachOf('change-event', JSON.parse(line))).toBeUndefined();
    const explained = renderFix(plan, { explain: true }, plain);
    const sent = await wordsOf(cluster, plan);
    expect(compare(explained, sent), explained).toEqual({ unsaid: [], unsent: [], unsentForClashes: [] });
  });
});
