/** The last words of `fix`, and the exit code that goes with them. */
import { lastLook } from '../../live/watch/last-look.ts';
import { type FixPlan, isStuck } from '../../plan/fix/fix.ts';
import type { Obstacle } from '../../plan/fix/situation.ts';
import { lateLosses, partiesOf, silentParties } from '../../plan/slots/late-loss.ts';
import { eventLine } from '../../report/json/change-events.ts';
import type { Paint } from '../../report/paint.ts';
import { renderFix } from '../../report/text/fix.ts';
import { describeLoss, noLongerAnswers } from '../../report/text/loss.ts';
import { NodeNames } from '../../report/text/names.ts';
import type { Fleet } from '../../resp/fleet.ts';
import type { NodeId } from '../../topology/node.ts';
import { type ClusterSnapshot, viewOf } from '../../topology/snapshot.ts';
import { EXIT, type ExitCode } from '../context.ts';
import type { Teller } from './teller.ts';

/** Nothing more can be done, or nothing is to be done. */
export function concludeFix(
  plan: FixPlan,
  round: number,
  explain: boolean,
  teller: Teller,
  paint: Paint,
): ExitCode {
  const [code, text] = verdict(plan, round, explain);
  if (!teller.json) teller.print(renderFix(plan, { explain }, paint));
  else if (explain || code !== EXIT.done)
    teller.print(eventLine({ event: 'plan', command: 'fix', plan }, new NodeNames(plan.before)));
  return teller.end(code, text);
}

/** What keeps `fix` from something that could lose keys. */
const UNSAFE: ReadonlySet<Obstacle> = new Set([
  'unreachable-owner',
  'still-heard',
  'refused-us',
  'copy-out-of-reach',
  'stranded-copy',
  'may-return',
]);

function verdict(plan: FixPlan, round: number, explain: boolean): [ExitCode, string] {
  const { situations, stages } = plan;
  const isHealthy = plan.isHealthy && stages.length === 0 && !situations.some(isStuck);
  if (isHealthy && situations.length > 0)
    return [EXIT.done, 'No error is left. What is listed above cannot be repaired from here.'];
  if (isHealthy && round === 1) return [EXIT.done, 'Nothing is wrong. Nothing to do.'];
  if (isHealthy) return [EXIT.done, 'All 16384 slots covered. Nothing is left to repair.'];
  if (explain) return [EXIT.problems, 'Nothing was changed.'];
  if (stages.length > 0) return [EXIT.problems, 'The cluster keeps breaking while it is being repaired.'];
  const isUnsafe = situations.some(({ obstacle }) => obstacle && UNSAFE.has(obstacle));
  if (round === 1 && isUnsafe) return [EXIT.refused, 'Nothing was changed: it could lose keys.'];
  return [EXIT.problems, 'This is left; see above.'];
}

/** What has been done, to be looked at again. */
export interface Round {
  readonly plan: FixPlan;
  readonly told: ReadonlySet<NodeId>;
}

/** Nodes that keys were gathered from, or at, in any round, and that were started again, evicted keys, or fell silent, unnoticed. */
export async function lossesSince(
  rounds: readonly Round[],
  seen: ClusterSnapshot,
  fleet: Fleet,
): Promise<string[]> {
  const done = rounds.map(round => ({ ...round, routes: routesOf(round.plan) }));
  const routes = done.flatMap(round => round.routes);
  const [first] = rounds;
  if (!first || routes.length === 0) return [];
  const names = new NodeNames(seen);
  const last = await lastLook(fleet, first.plan.before, seen, partiesOf(routes));
  const told = new Set(rounds.flatMap(round => [...round.told]));
  const losses = done.flatMap(({ plan, routes: own }) => lateLosses(plan.before, last, own, told));
  const byNode = new Map(losses.reverse().map(loss => [loss.node, describeLoss(loss, names)]));
  // Who was silent before that is a situation of its own.
  const silent = silentParties(seen, last, routes).filter(id => viewOf(seen, id));
  return [...byNode.values(), ...silent.map(id => noLongerAnswers(id, names))];
}

function routesOf({ stages }: FixPlan) {
  return stages
    .flat()
    .flatMap(step => (step.kind === 'gather-keys' || step.kind === 'move-slots' ? [step] : []));
}
