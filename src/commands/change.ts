/** A change as its command describes it, from the decision to the last look; and what becomes of it. */
import type { Decision } from '../plan/refusal.ts';
import type { Plan } from '../plan/step.ts';
import type { Paint } from '../report/paint.ts';
import type { NodeNames } from '../report/text/names.ts';
import type { Fleet } from '../resp/fleet.ts';
import type { NodeId } from '../topology/node.ts';
import type { ClusterSnapshot } from '../topology/snapshot.ts';
import type { ExitCode } from './context.ts';

/** What was decided, and from which look at the cluster. */
export interface Decided<P> {
  readonly decision: Decision<P>;
  /** For the names of those whom a refusal is about. */
  readonly seen: ClusterSnapshot | undefined;
}

export interface Change<P extends Plan> {
  readonly command: string;
  /** The command goes on after it, so a stream of events is not at its end when this is done. */
  readonly isFirstPart?: boolean;
  /** Looks at the nodes and plans; once before the question, and once after it. */
  decide(): Promise<Decided<P>>;
  preview(plan: P, paint: Paint): string;
  readonly question: string;
  /** Where there is nothing to do. */
  readonly already: string;
  readonly done: string;
  /** Done is only a part of it, and more is to come. */
  readonly isRound?: boolean;
  /** What to do about a plan that was begun and not finished; absent: to run the same command again. */
  unfinished?(plan: P, names: NodeNames, hasLost: boolean): string;
  /** Where nobody watches, there is a line for every slot that has moved. */
  readonly tellsEachSlot?: boolean;
  /** The plan as a file, where it can be carried out from one. */
  document?(plan: P): string;
  /** Whether that look decides, where only the wait for the nodes to agree has failed. */
  readonly lastLookDecides?: boolean;
  /** What the command that carries it out has to say besides, since no file says it. */
  readonly applyWith?: string;
  /** Looks once more when all is done: what is wrong, in sentences. What is no business of the change is only noted. */
  verify?(fleet: Fleet, plan: P, aside: Aside): Promise<readonly string[]>;
  /** Told of each node whose losses were told. */
  onLosses?(nodes: ReadonlySet<NodeId>): void;
}

/** What a last look has to know, and what it has to say besides. */
export interface Aside {
  /** Nodes whose losses were told. */
  readonly told: ReadonlySet<NodeId>;
  note(sentence: string): void;
}

/** How a change ends. */
export interface Ending {
  readonly code: ExitCode;
  /** Absent where all is said. */
  readonly text?: string;
}

/** What became of a plan. */
export interface PlanOutcome {
  readonly code: ExitCode;
  /** Keys are gone. */
  readonly hasLost: boolean;
  /** Nodes whose losses, or restarts without any, were told. */
  readonly told: ReadonlySet<NodeId>;
  /** What went wrong when there was nothing left to do but to look; not told yet. */
  readonly undecided?: readonly string[];
}
