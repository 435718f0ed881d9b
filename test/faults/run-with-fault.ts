/** Carries a job out on a simulated cluster, has it go wrong once, and goes on as a person would. */
import { USUAL_MOVING } from '../../src/commands/options/move.ts';
import { execute } from '../../src/live/execute.ts';
import { inspect } from '../../src/live/look/inspect.ts';
import type { Plan, PlanEvent } from '../../src/plan/step.ts';
import type { Fleet } from '../../src/resp/fleet.ts';
import { diagnose, NO_WISHES } from '../../src/topology/diagnose.ts';
import type { SimulatedClient } from '../support/simulated/client.ts';
import { simulatedClock } from '../support/simulated/clock.ts';
import { SimulatedFleet } from '../support/simulated/fleet.ts';
import { decideFix } from './fix.ts';
import type { Decide, Job, Mishap, Scenario } from './scenarios.ts';

export interface Report {
  /** Commands that the fault could hit, up to the one that it did. */
  readonly exposed: number;
  /** The command that the fault hit; undefined if it never struck. */
  readonly hit: string | undefined;
  /** Acknowledged values that are gone from everywhere. There is no fault after which that would be right. */
  readonly losses: readonly string[];
  /** What is still wrong when the person has gone on; nothing, if all is well. */
  readonly left: readonly string[];
}

/** Enough for what one fault leaves behind. */
const MOST_RUNS = 3;
/** Of mending, which looks anew after each. */
const MOST_ROUNDS = 10;

export async function runWithFault(scenario: Scenario, seed: number, mishap?: Mishap): Promise<Report> {
  simulatedClock.restart();
  const job = await scenario.prepare(seed);
  const { client } = job;
  const broken = await breakOff(job, mishap);
  const { plan, losses } = broken;
  let left = mishap ? await goOn(job, job.goOn(plan)) : broken.problems;
  job.cluster.meanwhile = () => {};
  left = [...left, ...(await stateOf(job))];
  if (left.length > 0) left = [...(await goOn(job, decideFix)), ...(await stateOf(job))];
  losses.push(...client.lost().map(key => `${key} in the end`));
  return { exposed: broken.exposed, hit: broken.hit, losses, left };
}

/** The plan and what became of it, up to the moment at which everybody who is left has heard of what happened. */
export async function breakOff(job: Job, mishap?: Mishap) {
  const { cluster, client } = job;
  const plan = await planned(job);
  const mayDelete = !job.keysAreAstray && !doublesKeys(mishap);
  cluster.meanwhile = () => useSomething(job, client, mayDelete);
  const fault = mishap && mishap.kind !== 'first Ctrl-C' ? { ...mishap, kind: mishap.kind } : undefined;
  const fleet = new SimulatedFleet(cluster, cluster.node(0), fault);
  let stopped: string | undefined;
  const isStopping = () => {
    if (mishap?.kind !== 'first Ctrl-C' || fleet.sent < mishap.at) return false;
    stopped ??= `after ${fleet.sent}`;
    return true;
  };
  const problems = problemsIn(await carryOut(fleet, plan, isStopping));
  fleet.close();
  const losses = client.lost().map(key => `${key} right after`);
  mendNodes(job, fleet, mishap);
  losses.push(...client.lost().map(key => `${key} when all had spoken`));
  const hit = fleet.hit?.words ?? stopped;
  return { plan, problems, losses, hit, exposed: fault ? fleet.exposed : fleet.sent };
}

/** A key that a broken MIGRATE has left at both ends, and that is deleted at one, comes back. */
function doublesKeys(mishap: Mishap | undefined): boolean {
  return mishap !== undefined && /^torn|^crash-within/.test(mishap.kind);
}

/** Whether keys may be where nobody looks for them: a replica that takes over knows of no move. */
export function leavesKeysAstray(mishap: Mishap): boolean {
  return doublesKeys(mishap) || mishap.afterwards === 'is replaced by its replica';
}

/** What a person would still complain of. */
async function stateOf(job: Job): Promise<string[]> {
  job.cluster.settle();
  return [...(await findings(job)), ...job.client.astray()];
}

async function planned({ cluster, decide }: Job): Promise<Plan> {
  const decision = await decide(new SimulatedFleet(cluster, cluster.node(0)));
  if (decision.kind === 'refused') throw new Error(`refused: ${kindsOf(decision.refusals)}`);
  return decision.plan;
}

async function carryOut(
  fleet: Fleet,
  plan: Plan,
  isStopping: () => boolean = () => false,
): Promise<PlanEvent[]> {
  const moving = { ...USUAL_MOVING, mover: 'migrate', isStopping } as const;
  const limits = { ...moving.limits, window: 2, firstBatch: 2 };
  const options = { joinTimeoutMs: 60_000, nowMs: () => simulatedClock.nowMs };
  // Whatever is written down here is not where clients look for it.
  const { timeoutMs } = limits;
  const mending = {
    prefer: 'owner',
    timeoutMs,
    rescue: () => Promise.resolve(),
    keptIn: 'a file',
    allowBlocking: false,
  } as const;
  const events: PlanEvent[] = [];
  for await (const event of execute(fleet, plan, { ...options, mending, moving: { ...moving, limits } }))
    events.push(event);
  return events;
}

/** A key that is there, or a new one beside it, is written, and now and then one is deleted. */
function useSomething({ cluster, keys }: Job, client: SimulatedClient, mayDelete: boolean): void {
  const { random } = cluster;
  if (keys.length === 0 || !random.chance(30)) return;
  const key = random.pick(keys) + (random.chance(30) ? '+' : '');
  if (mayDelete && random.chance(15)) client.delete(key);
  else client.write(key);
}

/** Time in which nodes that were lost come back or are replaced, and everybody hears of it. */
function mendNodes({ cluster }: Job, { hit }: SimulatedFleet, mishap: Mishap | undefined): void {
  const node = hit?.node;
  if (node && !node.isUp) {
    if (mishap?.afterwards === 'is replaced by its replica' && node.isPrimary) cluster.failOver(node);
    cluster.restart(node);
  }
  cluster.settle();
}

async function goOn({ cluster }: Job, decide: Decide): Promise<string[]> {
  for (let run = 1; ; run++) {
    if (run > MOST_ROUNDS) return ['there is always something left to do'];
    const fleet = new SimulatedFleet(cluster, cluster.node(0));
    const wasBusy = cluster.late.length > 0;
    const decision = await decide(fleet);
    if (decision.kind === 'refused') {
      // Where a node is still busy with what was sent to it before, it is tried again.
      if (run === MOST_RUNS || !wasBusy) return [`refused to go on: ${kindsOf(decision.refusals)}`];
      cluster.catchUp();
      cluster.settle();
      continue;
    }
    if (decision.plan.stages.length === 0) return [];
    const problems = problemsIn(await carryOut(fleet, decision.plan));
    fleet.close();
    if (problems.length > 0 && run === MOST_RUNS) return problems;
    cluster.catchUp();
    cluster.settle();
  }
}

async function findings({ cluster }: Job): Promise<string[]> {
  const fleet = new SimulatedFleet(cluster, cluster.node(0));
  const snapshot = await inspect(fleet);
  return diagnose(snapshot, NO_WISHES)
    .filter(({ severity }) => severity === 'error')
    .map(({ kind }) => kind);
}

function problemsIn(events: readonly PlanEvent[]): string[] {
  return events.flatMap(event =>
    event.kind === 'step-failed' ? [`${event.step.kind}: ${JSON.stringify(event.problem)}`] : [],
  );
}

function kindsOf(refusals: readonly { readonly kind: string }[]): string {
  return refusals.map(({ kind }) => kind).join(', ');
}
