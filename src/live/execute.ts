/**
 * Carries a plan out and tells what becomes of it; prints nothing. A stage is begun when all steps of the one before
 * are done; the first problem is the end, and what was not begun is not begun.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import {
  isMending,
  type MendingStep,
  type Plan,
  type PlanEvent,
  type Problem,
  type Stage,
  type Step,
} from '../plan/step.ts';
import { ConnectionLostError, InterruptedError, NodeError } from '../resp/errors.ts';
import type { Fleet } from '../resp/fleet.ts';
import {
  addSlots,
  functionDump,
  functionRestore,
  replicate,
  reset,
  setConfigEpoch,
  shutdown,
} from '../resp/membership-commands.ts';
import { assignSlot } from '../resp/slot-commands.ts';
import type { Address, NodeId } from '../topology/node.ts';
import { addressBook } from '../topology/snapshot.ts';
import { asGenerator, type Tell } from './as-generator.ts';
import { awaitAgreement } from './await-agreement.ts';
import { awaitAlone, awaitForgotten, forgetNode } from './await-quiet.ts';
import { awaitUnbanned } from './await-unbanned.ts';
import { FileError } from './files.ts';
import { type Mending, mend } from './fix/mend.ts';
import { Gates } from './move/gates.ts';
import { MoveError } from './move/move-error.ts';
import { goesAlongside, type MoverChoice, moveSlots } from './move/move-slots.ts';
import type { MoveLimits } from './move/mover.ts';
import { Pace, type PaceLimits } from './move/pace.ts';

export interface ExecuteOptions {
  /** How long nodes may take to agree. */
  readonly joinTimeoutMs: number;
  readonly nowMs: () => number;
  /** For plans that move slots. */
  readonly moving?: Moving;
  /** For plans that mend. */
  readonly mending?: Omit<Mending, 'note'>;
}

export interface Moving {
  readonly mover: MoverChoice;
  readonly limits: MoveLimits;
  readonly paceLimits: PaceLimits;
  /** Passages that a node may be part of at the same time. */
  readonly parallel: number;
  readonly isStopping: () => boolean;
}

export async function* execute(fleet: Fleet, plan: Plan, options: ExecuteOptions): AsyncGenerator<PlanEvent> {
  const work = new Work(fleet, plan, options);
  for (const stage of plan.stages) {
    yield { kind: 'stage-began', stage };
    let failed = false;
    for await (const event of asGenerator<PlanEvent>(tell => work.run(stage, tell))) {
      failed ||= event.kind === 'step-failed';
      yield event;
    }
    if (failed) return;
  }
}

class Work {
  readonly #fleet: Fleet;
  readonly #plan: Plan;
  readonly #options: ExecuteOptions;
  readonly #book: ReadonlyMap<NodeId, Address>;
  readonly #gates: Gates;
  readonly #pace: Pace;

  constructor(fleet: Fleet, plan: Plan, options: ExecuteOptions) {
    this.#fleet = fleet;
    this.#plan = plan;
    this.#options = options;
    this.#book = addressBook(plan.before);
    this.#gates = new Gates(options.moving?.parallel ?? 1);
    this.#pace = new Pace(options.moving?.paceLimits ?? {}, { nowMs: options.nowMs, sleep });
  }

  async run(stage: Stage, tell: Tell<PlanEvent>): Promise<void> {
    await Promise.all(
      stage.map(async step => {
        const problem = await this.#attempt(step, tell);
        tell(problem ? { kind: 'step-failed', step, problem } : { kind: 'step-done', step });
      }),
    );
  }

  async #attempt(step: Step, tell: Tell<PlanEvent>): Promise<Problem | undefined> {
    try {
      if (step.kind === 'move-slots') return await this.#move(step, tell);
      if (isMending(step)) return await this.#mend(step, tell);
      return await this.#perform(step, tell);
    } catch (error) {
      if (error instanceof InterruptedError) return { kind: 'interrupted' };
      if (error instanceof MoveError || error instanceof FileError)
        return { kind: 'move', message: error.message };
      if (error instanceof NodeError) return { kind: 'node', node: error.node, message: error.message };
      throw error;
    }
  }

  /** Passages that share no node go at the same time. */
  #move(step: Extract<Step, { kind: 'move-slots' }>, tell: Tell<PlanEvent>): Promise<Problem | undefined> {
    const { moving, nowMs } = this.#options;
    if (!moving) throw new RangeError('the plan moves slots, and nobody has said how');
    const listener = {
      moved: (slots: number, keys: number) => tell({ kind: 'moved', step, slots, keys }),
      remark: (text: string) => tell({ kind: 'noted', step, text }),
    };
    const { limits, isStopping, mover } = moving;
    const run = { fleet: this.#fleet, limits, listener, pace: this.#pace, nowMs, isStopping };
    const alongside = !this.#pace.isLimited && goesAlongside(step, this.#plan.before, mover);
    return this.#gates.pass(alongside ? [] : [step.from, step.to], async () => {
      const moved = await moveSlots(step, this.#plan.before, mover, run);
      return moved.size === step.slots.size ? undefined : { kind: 'interrupted' };
    });
  }

  async #mend(step: MendingStep, tell: Tell<PlanEvent>): Promise<undefined> {
    const { mending, nowMs } = this.#options;
    if (!mending) throw new RangeError('the plan mends, and nobody has said how');
    const note = (text: string) => tell({ kind: 'noted', step, text });
    const run = { fleet: this.#fleet, before: this.#plan.before, mending: { ...mending, note }, nowMs };
    // Two servers that send each other keys by MIGRATE wait for each other until their time is up.
    const busy = step.kind === 'gather-keys' ? [step.from, step.to] : [];
    await this.#gates.pass(busy, () => mend(step, run));
  }

  async #perform(
    step: Exclude<Step, { kind: 'move-slots' } | MendingStep>,
    tell: Tell<PlanEvent>,
  ): Promise<Problem | undefined> {
    const { joinTimeoutMs: timeoutMs, nowMs } = this.#options;
    const progress = (missing: number) => tell({ kind: 'waiting', step, missing });
    const patience = { timeoutMs, nowMs, progress };
    const send: Fleet['send'] = (node, command) => this.#fleet.send(node, command);
    switch (step.kind) {
      case 'set-epoch':
        return void (await send(this.#at(step.node), setConfigEpoch(step.epoch)));
      case 'assign-slots':
        return void (await send(this.#at(step.node), addSlots(step.slots, this.#knowsRanges(step.node))));
      case 'copy-functions': {
        const dump = await send(this.#at(step.from), functionDump());
        return void (await send(this.#at(step.node), functionRestore(dump)));
      }
      case 'join': {
        const { members, introductions, newcomers } = step;
        const note = (text: string) => tell({ kind: 'noted', step, text });
        const by = await awaitUnbanned(this.#fleet, members, newcomers, { timeoutMs, nowMs, note });
        if (by.length > 0) return { kind: 'banned', by, waitedMs: timeoutMs };
        const concerned = new Set(newcomers);
        const gathering = { members, introductions, concerned, goal: 'members', wantsOk: false } as const;
        return noAgreement(await awaitAgreement(this.#fleet, gathering, patience), timeoutMs);
      }
      case 'agree': {
        const { members, wantsOk, wantsCopies } = step;
        const concerned = new Set(step.concerned);
        const gathering = {
          members,
          introductions: [],
          concerned,
          goal: 'roles',
          wantsOk,
          wantsCopies,
        } as const;
        return noAgreement(await awaitAgreement(this.#fleet, gathering, patience), timeoutMs);
      }
      case 'replicate':
        return void (await send(this.#at(step.node), replicate(step.primary)));
      case 'forget':
        return void (await forgetNode(this.#fleet, this.#at(step.node), step.victim));
      case 'stay-forgotten': {
        const witnesses = step.witnesses.map(id => ({ id, address: this.#at(id) }));
        const by = await awaitForgotten(this.#fleet, witnesses, step.victims, patience);
        return by.length === 0 ? undefined : { kind: 'remembered', by, waitedMs: timeoutMs };
      }
      case 'stay-alone': {
        const watched = step.nodes.map(id => ({ id, address: this.#at(id) }));
        const nodes = await awaitAlone(this.#fleet, watched, patience);
        return nodes.length === 0 ? undefined : { kind: 'not-alone', nodes, waitedMs: timeoutMs };
      }
      case 'close-slots':
        await Promise.all(
          [...step.slots].map(slot => send(this.#at(step.node), assignSlot(slot, step.owner))),
        );
        return undefined;
      case 'reset':
        return void (await send(this.#at(step.node), reset(step.mode)));
      case 'shutdown':
        return void (await unlessGone(send(this.#at(step.node), shutdown())));
    }
  }

  #at(id: NodeId): Address {
    const address = this.#book.get(id);
    if (!address) throw new RangeError(`the plan names ${id}, of which nobody knows the address`);
    return address;
  }

  #knowsRanges(id: NodeId): boolean {
    const server = this.#plan.before.views.find(view => view.id === id)?.server;
    return server?.product === 'valkey' || (server?.release.major ?? 0) >= 7;
  }
}

function noAgreement(
  gaps: Awaited<ReturnType<typeof awaitAgreement>>,
  waitedMs: number,
): Problem | undefined {
  return gaps.length === 0 ? undefined : { kind: 'no-agreement', gaps, waitedMs };
}

/** A server that shuts down closes the connection instead of answering. */
async function unlessGone(reply: Promise<void>): Promise<void> {
  try {
    await reply;
  } catch (error) {
    if (!(error instanceof ConnectionLostError)) throw error;
  }
}
