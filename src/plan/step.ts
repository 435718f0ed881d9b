/**
 * A plan is a value: it is shown, written down, projected and carried out, and is the same thing each time. Steps of
 * one stage do not depend on each other and run at the same time; stages run in order.
 */
import type { Gap, Member } from '../topology/agreement.ts';
import type { Copy } from '../topology/full-sync.ts';
import type { Address, NodeId } from '../topology/node.ts';
import type { WrongAddress } from '../topology/proof-of-life.ts';
import type { SlotSet } from '../topology/slot-set.ts';
import type { ClusterSnapshot } from '../topology/snapshot.ts';
import type { FailoverProblem, FailoverRemark, FailoverStep } from './failover/step.ts';
import type { Change } from './membership/changed-meanwhile.ts';
import type { Note } from './note.ts';
import type { Loss } from './slots/loss.ts';
import type { MoveProblem } from './slots/move-problem.ts';

export interface Introduction {
  readonly from: Member;
  readonly to: Member;
}

/** Slots that change their owner, and take their keys along. */
export interface SlotMove {
  readonly from: NodeId;
  readonly to: NodeId;
  readonly slots: SlotSet;
}

/** What `fix` does to single slots and to the keys in them. */
export type MendingStep =
  /** Marks slots as on their way, or takes such marks away. */
  | {
      readonly kind: 'set-slots';
      readonly node: NodeId;
      readonly state: 'stable' | 'migrating' | 'importing';
      /** Where they go, or where they come from; none for stable ones. */
      readonly peer?: NodeId;
      readonly slots: SlotSet;
    }
  /** Slots without an owner get one, whatever the node itself thinks of them, and in a new epoch. */
  | { readonly kind: 'claim-slots'; readonly node: NodeId; readonly slots: SlotSet }
  /** A node hears who owns slots. */
  | {
      readonly kind: 'tell-owner';
      readonly node: NodeId;
      readonly owner: NodeId;
      readonly slots: SlotSet;
    }
  /** Keys that both have are left to one of them. */
  | {
      readonly kind: 'settle-keys';
      readonly owner: NodeId;
      readonly other: NodeId;
      readonly slots: SlotSet;
    }
  /** Keys go to the owner of their slots; who owns what stays as it is. */
  | { readonly kind: 'gather-keys'; readonly from: NodeId; readonly to: NodeId; readonly slots: SlotSet }
  | { readonly kind: 'bump-epoch'; readonly node: NodeId }
  /** A replica takes the place of its primary, without a vote. */
  | { readonly kind: 'take-over'; readonly node: NodeId; readonly primary: NodeId }
  /** Without a name: all that leaves the node. */
  | { readonly kind: 'cancel-migration'; readonly node: NodeId; readonly name?: string };

const MENDING: ReadonlySet<string> = new Set<MendingStep['kind']>([
  'set-slots',
  'claim-slots',
  'tell-owner',
  'settle-keys',
  'gather-keys',
  'bump-epoch',
  'take-over',
  'cancel-migration',
]);

export function isMending(step: Step): step is MendingStep {
  return MENDING.has(step.kind);
}

export type Step =
  | MendingStep
  | FailoverStep
  | { readonly kind: 'set-epoch'; readonly node: NodeId; readonly epoch: number }
  | { readonly kind: 'assign-slots'; readonly node: NodeId; readonly slots: SlotSet }
  /** The function libraries of one node, for a node that is to serve the same clients. */
  | { readonly kind: 'copy-functions'; readonly node: NodeId; readonly from: NodeId }
  /** The newcomers meet somebody, and it is seen to that they and the members know each other. */
  | {
      readonly kind: 'join';
      readonly introductions: readonly Introduction[];
      readonly newcomers: readonly NodeId[];
      readonly members: readonly Member[];
    }
  | ({ readonly kind: 'move-slots' } & SlotMove)
  /** Slots that have moved, and that a node still has open. */
  | {
      readonly kind: 'close-slots';
      readonly node: NodeId;
      readonly owner: NodeId;
      readonly slots: SlotSet;
    }
  | { readonly kind: 'replicate'; readonly node: NodeId; readonly primary: NodeId }
  /** Waits until all members know the roles and slots of those concerned, and say that all is well. */
  | {
      readonly kind: 'agree';
      readonly members: readonly Member[];
      readonly concerned: readonly NodeId[];
      readonly wantsOk: boolean;
      /** Replicas are through with their copy of all data; else it is enough that it is on its way. */
      readonly wantsCopies: boolean;
      /** Others than those concerned may have stopped answering: that is told, and not waited for. */
      readonly sparesSilent?: boolean;
    }
  | { readonly kind: 'forget'; readonly node: NodeId; readonly victim: NodeId }
  /** Watches that the victims do not come back by gossip, and has them forgotten again where they do. */
  | {
      readonly kind: 'stay-forgotten';
      readonly witnesses: readonly NodeId[];
      readonly victims: readonly NodeId[];
    }
  /** Watches that nodes which were reset know nobody, and has them reset again where they do. */
  | { readonly kind: 'stay-alone'; readonly nodes: readonly NodeId[] }
  | { readonly kind: 'reset'; readonly node: NodeId; readonly mode: 'soft' | 'hard' }
  | { readonly kind: 'shutdown'; readonly node: NodeId };

export type MoveStep = Extract<Step, { kind: 'move-slots' }>;

export type Stage = readonly Step[];

export interface Plan {
  /** The cluster, or the nodes that are to become one, as the plan found them. */
  readonly before: ClusterSnapshot;
  readonly stages: readonly Stage[];
  /** What the person should know before saying yes. */
  readonly remarks: readonly Remark[];
}

export type Remark =
  /** These do not answer, so they are not told; when they come back, they bring back what the others forgot. */
  | { readonly kind: 'not-told'; readonly nodes: readonly NodeId[] }
  /** It does not answer, and is neither reset nor shut down: it still takes itself for a member. */
  | { readonly kind: 'not-ended'; readonly node: NodeId }
  /** These do not answer, and were left out. */
  | { readonly kind: 'left-out'; readonly nodes: readonly NodeId[] }
  /** These replicas do not answer, and cannot be given another primary. */
  | { readonly kind: 'not-rehomed'; readonly nodes: readonly NodeId[] }
  /** Until their new replicas have copied the data, these have none. */
  | { readonly kind: 'bare-meanwhile'; readonly primaries: readonly NodeId[] }
  /** These are left without a replica. */
  | { readonly kind: 'bare-afterwards'; readonly primaries: readonly NodeId[] }
  /** Several nodes claim these slots, or they are on their way already; they stay as they are. */
  | { readonly kind: 'slots-left'; readonly slots: SlotSet }
  /** Left as they are, because they still own slots. */
  | { readonly kind: 'kept-for-slots'; readonly nodes: readonly NodeId[] }
  /** Left as they are, because they live, and another node answers where they are looked for. */
  | {
      readonly kind: 'kept-misplaced';
      readonly nodes: readonly NodeId[];
      readonly wrong: WrongAddress;
    }
  /** Left as they are: these hear them, or they answered, and would not talk to us. */
  | {
      readonly kind: 'kept-alive';
      readonly nodes: readonly NodeId[];
      readonly heardBy: readonly NodeId[];
    }
  /** Left as they are: nobody who answers has the keys of these slots, and they may. */
  | { readonly kind: 'kept-last-copy'; readonly nodes: readonly NodeId[]; readonly slots: SlotSet }
  /** Left as it is, because it holds keys. */
  | { readonly kind: 'kept-for-keys'; readonly node: NodeId; readonly keys: number }
  | FailoverRemark
  /** Not reset, because it does not answer. */
  | { readonly kind: 'kept-silent'; readonly node: Address };

const LEFT_UNDONE: ReadonlySet<Remark['kind']> = new Set([
  'kept-for-slots',
  'kept-misplaced',
  'kept-alive',
  'kept-last-copy',
  'kept-for-keys',
  'kept-silent',
]);

/** Whether something is left that the person wanted done. */
export function leavesSomething({ remarks }: Plan): boolean {
  return remarks.some(({ kind }) => LEFT_UNDONE.has(kind));
}

/** Why a step did not come to its end. */
export type Problem =
  | { readonly kind: 'node'; readonly node: string; readonly message: string }
  | { readonly kind: 'interrupted' }
  /** The time was up, and this was still missing. */
  | { readonly kind: 'no-agreement'; readonly gaps: readonly Gap[]; readonly waitedMs: number }
  /** These nodes still know a victim, however often they were told to forget it. */
  | { readonly kind: 'remembered'; readonly by: readonly NodeId[]; readonly waitedMs: number }
  /** These nodes were told to forget a newcomer, and drop it until they have forgotten that. */
  | { readonly kind: 'banned'; readonly by: readonly NodeId[]; readonly waitedMs: number }
  /** It is not what the plan took it for any more. */
  | { readonly kind: 'changed'; readonly node: NodeId; readonly change: Change }
  /** The user lacks these, and the step was not begun. */
  | { readonly kind: 'no-right'; readonly node: NodeId; readonly rights: readonly string[] }
  | FailoverProblem
  /** What a mover says of why it stopped. */
  | { readonly kind: 'move'; readonly why: MoveProblem }
  /** These nodes get to know others again, however often they are reset. */
  | { readonly kind: 'not-alone'; readonly nodes: readonly NodeId[]; readonly waitedMs: number };

/** What is told while a plan is carried out. A problem ends it once the other steps of its stage are through. */
export type PlanEvent =
  | { readonly kind: 'stage-began'; readonly stage: Stage }
  /** `copies`: where nothing but these is waited for. */
  | {
      readonly kind: 'waiting';
      readonly step: Step;
      readonly missing: number;
      readonly copies: readonly Copy[];
    }
  /** Everything is agreed, and these copies of all data are still on their way. */
  | { readonly kind: 'copying'; readonly step: Step; readonly copies: readonly Copy[] }
  /** These slots have changed their owner, with so many keys. */
  | {
      readonly kind: 'moved';
      readonly step: MoveStep;
      readonly slots: SlotSet;
      readonly keys: number;
    }
  /** Something that the person should know and that does not stop the work. */
  | { readonly kind: 'noted'; readonly step: Step; readonly note: Note }
  /** At the end, of each node that has lost something. */
  | { readonly kind: 'loss'; readonly loss: Loss }
  | { readonly kind: 'step-done'; readonly step: Step }
  | { readonly kind: 'step-failed'; readonly step: Step; readonly problem: Problem };
