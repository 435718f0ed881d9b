/**
 * A plan is a value: it is shown, written down, projected and carried out, and is the same thing each time. Steps of
 * one stage do not depend on each other and run at the same time; stages run in order.
 */
import type { Gap, Member } from '../topology/agreement.ts';
import type { Copy } from '../topology/full-sync.ts';
import type { Address, NodeId } from '../topology/node.ts';
import type { OfKind } from '../topology/of-kind.ts';
import type { WrongAddress } from '../topology/proof-of-life.ts';
import type { SlotSet } from '../topology/slot-set.ts';
import type { ClusterSnapshot } from '../topology/snapshot.ts';
import type { FailoverProblem, FailoverRemark, FailoverStep } from './failover/step.ts';
import type { NodeChange } from './membership/changed-meanwhile.ts';
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
  /** Marks slots as on their way, to or from a peer, or takes such marks away. */
  | OfKind<
      'set-slots',
      { node: NodeId; state: 'stable' | 'migrating' | 'importing'; peer?: NodeId; slots: SlotSet }
    >
  /** Slots without an owner get one, whatever the node itself thinks of them, and in a new epoch. */
  | OfKind<'claim-slots', { node: NodeId; slots: SlotSet }>
  /** A node hears who owns slots. */
  | OfKind<'tell-owner', { node: NodeId; owner: NodeId; slots: SlotSet }>
  /** Keys that both have are left to one of them. */
  | OfKind<'settle-keys', { owner: NodeId; other: NodeId; slots: SlotSet }>
  /** Keys go to the owner of their slots; who owns what stays as it is. */
  | OfKind<'gather-keys', { from: NodeId; to: NodeId; slots: SlotSet }>
  | OfKind<'bump-epoch', { node: NodeId }>
  /** A replica takes the place of its primary, without a vote. */
  | OfKind<'take-over', { node: NodeId; primary: NodeId }>
  /** Without a name: all that leaves the node. */
  | OfKind<'cancel-migration', { node: NodeId; name?: string }>;

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
  | OfKind<'set-epoch', { node: NodeId; epoch: number }>
  | OfKind<'assign-slots', { node: NodeId; slots: SlotSet }>
  /** The function libraries of one node, for a node that is to serve the same clients. */
  | OfKind<'copy-functions', { node: NodeId; from: NodeId }>
  /** The newcomers meet somebody, and it is seen to that they and the members know each other. */
  | OfKind<
      'join',
      { introductions: readonly Introduction[]; newcomers: readonly NodeId[]; members: readonly Member[] }
    >
  | OfKind<'move-slots', SlotMove>
  /** Slots that have moved, and that a node still has open. */
  | OfKind<'close-slots', { node: NodeId; owner: NodeId; slots: SlotSet }>
  | OfKind<'replicate', { node: NodeId; primary: NodeId }>
  /** Waits until all members know the roles and slots of those concerned, and say that all is well. */
  | OfKind<
      'agree',
      {
        members: readonly Member[];
        concerned: readonly NodeId[];
        wantsOk: boolean;
        /** Replicas are through with their copy of all data; else it is enough that it is on its way. */
        wantsCopies: boolean;
        /** Others than those concerned may have stopped answering: that is told, and not waited for. */
        sparesSilent?: boolean;
      }
    >
  | OfKind<'forget', { node: NodeId; victim: NodeId }>
  /** Watches that the victims do not come back by gossip, and has them forgotten again where they do. */
  | OfKind<'stay-forgotten', { witnesses: readonly NodeId[]; victims: readonly NodeId[] }>
  /** Watches that nodes which were reset know nobody, and has them reset again where they do. */
  | OfKind<'stay-alone', { nodes: readonly NodeId[] }>
  | OfKind<'reset', { node: NodeId; mode: 'soft' | 'hard' }>
  | OfKind<'shutdown', { node: NodeId }>;

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
  | OfKind<'not-told', { nodes: readonly NodeId[] }>
  /** It does not answer, and is neither reset nor shut down: it still takes itself for a member. */
  | OfKind<'not-ended', { node: NodeId }>
  /** These do not answer, and were left out. */
  | OfKind<'left-out', { nodes: readonly NodeId[] }>
  /** These replicas do not answer, and cannot be given another primary. */
  | OfKind<'not-rehomed', { nodes: readonly NodeId[] }>
  /** Until their new replicas have copied the data, these have none. */
  | OfKind<'bare-meanwhile', { primaries: readonly NodeId[] }>
  /** These are left without a replica. */
  | OfKind<'bare-afterwards', { primaries: readonly NodeId[] }>
  /** Several nodes claim these slots, or they are on their way already; they stay as they are. */
  | OfKind<'slots-left', { slots: SlotSet }>
  /** Left as they are, because they still own slots. */
  | OfKind<'kept-for-slots', { nodes: readonly NodeId[] }>
  /** Left as they are, because they live, and another node answers where they are looked for. */
  | OfKind<'kept-misplaced', { nodes: readonly NodeId[]; wrong: WrongAddress }>
  /** Left as they are: these hear them, or they answered, and would not talk to us. */
  | OfKind<'kept-alive', { nodes: readonly NodeId[]; heardBy: readonly NodeId[] }>
  /** Left as they are: nobody who answers has the keys of these slots, and they may. */
  | OfKind<'kept-last-copy', { nodes: readonly NodeId[]; slots: SlotSet }>
  /** Left as it is, because it holds keys. */
  | OfKind<'kept-for-keys', { node: NodeId; keys: number }>
  | FailoverRemark
  /** Not reset, because it does not answer. */
  | OfKind<'kept-silent', { node: Address }>;

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
  | OfKind<'node', { node: string; message: string }>
  | OfKind<'interrupted'>
  /** The time was up, and this was still missing. */
  | OfKind<'no-agreement', { gaps: readonly Gap[]; waitedMs: number }>
  /** These nodes still know a victim, however often they were told to forget it. */
  | OfKind<'remembered', { by: readonly NodeId[]; waitedMs: number }>
  /** These nodes were told to forget a newcomer, and drop it until they have forgotten that. */
  | OfKind<'banned', { by: readonly NodeId[]; waitedMs: number }>
  /** It is not what the plan took it for any more. */
  | OfKind<'changed', { node: NodeId; change: NodeChange }>
  /** The user lacks these, and the step was not begun. */
  | OfKind<'no-right', { node: NodeId; rights: readonly string[] }>
  | FailoverProblem
  /** What a mover says of why it stopped. */
  | OfKind<'move', { why: MoveProblem }>
  /** These nodes get to know others again, however often they are reset. */
  | OfKind<'not-alone', { nodes: readonly NodeId[]; waitedMs: number }>;

/** What is told while a plan is carried out. A problem ends it once the other steps of its stage are through. */
export type PlanEvent =
  | OfKind<'stage-began', { stage: Stage }>
  /** `copies`: where nothing but these is waited for. */
  | OfKind<'waiting', { step: Step; missing: number; copies: readonly Copy[] }>
  /** Everything is agreed, and these copies of all data are still on their way. */
  | OfKind<'copying', { step: Step; copies: readonly Copy[] }>
  /** These slots have changed their owner, with so many keys. */
  | OfKind<'moved', { step: MoveStep; slots: SlotSet; keys: number }>
  /** Something that the person should know and that does not stop the work. */
  | OfKind<'noted', { step: Step; note: Note }>
  /** At the end, of each node that has lost something. */
  | OfKind<'loss', { loss: Loss }>
  | OfKind<'step-done', { step: Step }>
  | OfKind<'step-failed', { step: Step; problem: Problem }>;
