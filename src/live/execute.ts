/**
 * Carries a plan out and tells what becomes of it; prints nothing. A stage is begun when all steps of the one before
 * are done; the first problem is the end, and what was not begun is not begun.
 */

import type { Note } from '../plan/note.ts';
import {
  isMending,
  type MendingStep,
  type Plan,
  type PlanEvent,
  type Problem,
  type Stage,
  type Step,
} from '../plan/step.ts';
import {
  addSlots,
  functionDump,
  functionRestore,
  replicate,
  reset,
  setConfigEpoch,
  shutdown,
} from '../resp/commands/membership.ts';
import { assignSlot } from '../resp/commands/slots.ts';
import { ConnectionLostError, InterruptedError, NodeError } from '../resp/errors.ts';
import type { Fleet } from '../resp/fleet.ts';
import type { Copy } from '../topology/full-sync.ts';
import type { Address, NodeId } from '../topology/node.ts';
import { isSince, SLOT_RANGES } from '../topology/releases.ts';
import { addressBook } from '../topology/snapshot.ts';
import type { StepRun } from './await/agreement.ts';
import { agree, join } from './await/agreement-step.ts';
import { awaitAlone, awaitForgotten, forgetNode } from './await/stay-apart.ts';
import { type Confirming, confirmReplicas, confirmStage, type Unconfirmed } from './confirm.ts';
import { asGenerator, type Tell } from './event-stream.ts';
import { takeStep } from './fail-over.ts';
import { FileError } from './files/whole-file.ts';
import { type Mending, type MendRun, mend } from './fix/fix-steps.ts';
import { persist } from './keys/retry-refusals.ts';
import { MoveError, viewIn } from './move/move-error.ts';
import { type Moving, Passages } from './move/passages.ts';
import { TransferWatch } from './watch/transfers.ts';

export interface ExecuteOptions {
  /** How long nodes may take to agree, and copies to get on. */
  readonly joinTimeoutMs: number;
  /** Copies of all data that replicas take are waited for also where the plan does not ask for it. */
  readonly waitsForCopies?: boolean;
  readonly nowMs: () => number;
  /** For plans that move slots. */
  readonly moving?: Moving;
  /** For plans that mend. */
  readonly mending?: Mending;
}

export async function* execute(fleet: Fleet, plan: Plan, options: ExecuteOptions): AsyncGenerator<PlanEvent> {
  const work = new Work(fleet, plan, options);
  try {
    let isBroken = false;
    for (const stage of plan.stages) {
      yield { kind: 'stage-began', stage };
      for await (const event of asGenerator<PlanEvent>(tell => work.run(stage, tell))) {
        isBroken ||= event.kind === 'step-failed';
        yield event;
      }
      if (isBroken) break;
    }
    const astray = isBroken ? undefined : await work.confirmed();
    if (astray) yield { kind: 'step-failed', ...astray };
    for (const loss of await work.watch.losses()) yield { kind: 'loss', loss };
  } finally {
    await work.close();
  }
}

class Work {
  readonly watch: TransferWatch;
  readonly #fleet: Fleet;
  readonly #plan: Plan;
  readonly #options: ExecuteOptions;
  readonly #at: (id: NodeId) => Address;
  readonly #passages: Passages;

  constructor(fleet: Fleet, plan: Plan, options: ExecuteOptions) {
    this.#fleet = fleet;
    this.#plan = plan;
    this.#options = options;
    const book = addressBook(plan.before);
    this.#at = id => {
      const address = book.get(id);
      if (!address) throw new RangeError(`the plan names ${id}, of which nobody knows the address`);
      return address;
    };
    this.watch = new TransferWatch(fleet, plan.before, { mayEvict: options.moving?.mayEvict ?? false });
    this.#passages = new Passages({ ...options, fleet, before: plan.before, watch: this.watch });
  }

  /** What is not so when all is done. */
  confirmed(): Promise<Unconfirmed | undefined> {
    const { stages } = this.#plan;
    return this.#confirm(stages.flat(), confirming => confirmReplicas(stages, confirming));
  }

  async #confirm(
    [step]: readonly Step[],
    ask: (confirming: Confirming) => Promise<Unconfirmed | undefined>,
  ): Promise<Unconfirmed | undefined> {
    const confirming = { fleet: this.#fleet, before: this.#plan.before, at: this.#at };
    try {
      // A node that reads in its data answers when it is through.
      const waiting = { nowMs: this.#options.nowMs, note() {} };
      return await persist(() => ask(confirming), waiting);
    } catch (error) {
      if (!step) throw error;
      return { step, problem: problemOf(error) };
    }
  }

  async run(stage: Stage, tell: Tell<PlanEvent>): Promise<void> {
    // Before the first step: what is half done can be worse than what is not.
    const changed = await this.#confirm(stage, confirming => confirmStage(stage, confirming));
    if (changed) return tell({ kind: 'step-failed', ...changed });
    let failed = false;
    const take = async (step: Step) => {
      // Looked at when its turn comes: whatever has failed by then, this is not begun any more.
      if (failed) return;
      const problem = await this.#attempt(step, tell);
      failed ||= problem !== undefined;
      tell(problem ? { kind: 'step-failed', step, problem } : { kind: 'step-done', step });
    };
    await Promise.all(
      stage.map(step =>
        step.kind === 'move-slots' ? this.#passages.inTurn(step, () => take(step)) : take(step),
      ),
    );
  }

  close(): Promise<void> {
    return this.#passages.close();
  }

  async #attempt(step: Step, tell: Tell<PlanEvent>): Promise<Problem | undefined> {
    try {
      if (step.kind === 'move-slots') return await this.#passages.move(step, tell);
      const { joinTimeoutMs: timeoutMs, nowMs } = this.#options;
      const [fleet, { before }, at, watch] = [this.#fleet, this.#plan, this.#at, this.watch];
      const progress = (missing: number, copies: readonly Copy[] = []) =>
        tell({ kind: 'waiting', step, missing, copies });
      const note = (note: Note) => tell({ kind: 'noted', step, note });
      const run = { fleet, before, at, watch, timeoutMs, nowMs, progress, note, tell };
      return await (isMending(step) ? this.#mend(step, run) : this.#perform(step, run));
    } catch (error) {
      return problemOf(error);
    }
  }

  async #mend(step: MendingStep, run: Omit<MendRun, 'mending'>): Promise<undefined> {
    const { mending } = this.#options;
    if (!mending) throw new RangeError('the plan mends, and nobody has said how');
    // Two servers that send each other keys by MIGRATE wait for each other until their time is up.
    const busy = step.kind === 'gather-keys' ? [step.from, step.to] : [];
    await this.#passages.between(busy, () => mend(step, { ...run, mending }));
  }

  async #perform(
    step: Exclude<Step, { kind: 'move-slots' } | MendingStep>,
    run: StepRun & Confirming & { readonly tell: Tell<PlanEvent> },
  ): Promise<Problem | undefined> {
    const { fleet, before, at, timeoutMs } = run;
    // A server that loads its data says so, and takes orders when it is through.
    const send: Fleet['send'] = (node, command) => persist(() => fleet.send(node, command), run);
    switch (step.kind) {
      case 'set-epoch':
        return void (await send(at(step.node), setConfigEpoch(step.epoch)));
      case 'assign-slots': {
        const { server } = viewIn(before, step.node);
        return void (await send(at(step.node), addSlots(step.slots, isSince(server, SLOT_RANGES))));
      }
      case 'copy-functions': {
        const dump = await send(at(step.from), functionDump());
        return void (await send(at(step.node), functionRestore(dump)));
      }
      case 'join':
        return join(step, run);
      case 'agree':
        return agree(step, { ...run, waitsForCopies: this.#options.waitsForCopies ?? false });
      case 'replicate':
        return void (await send(at(step.node), replicate(step.primary)));
      case 'forget':
        return void (await persist(() => forgetNode(fleet, at(step.node), step.victim), run));
      case 'stay-forgotten': {
        const by = await awaitForgotten(step.witnesses, step.victims, run);
        return by.length === 0 ? undefined : { kind: 'remembered', by, waitedMs: timeoutMs };
      }
      case 'stay-alone': {
        const nodes = await awaitAlone(step.nodes, run);
        return nodes.length === 0 ? undefined : { kind: 'not-alone', nodes, waitedMs: timeoutMs };
      }
      case 'close-slots':
        await Promise.all([...step.slots].map(slot => send(at(step.node), assignSlot(slot, step.owner))));
        return undefined;
      case 'be-ready':
      case 'fail-over':
        return takeStep(step, run);
      case 'reset':
        return void (await send(at(step.node), reset(step.mode)));
      case 'shutdown':
        return void (await unlessGone(send(at(step.node), shutdown())));
    }
  }
}

/** What went wrong with a step, as the plan's own words have it. */
function problemOf(error: unknown): Problem {
  if (error instanceof InterruptedError) return { kind: 'interrupted' };
  if (error instanceof MoveError) return { kind: 'move', why: error.problem };
  if (error instanceof FileError) return { kind: 'move', why: { kind: 'file', message: error.message } };
  if (error instanceof NodeError) return { kind: 'node', node: error.node, message: error.message };
  throw error;
}

/** A server that shuts down closes the connection instead of answering. */
async function unlessGone(reply: Promise<void>): Promise<void> {
  try {
    await reply;
  } catch (error) {
    if (!(error instanceof ConnectionLostError)) throw error;
  }
}
