/** The steps of a plan, for programs. */
import type { Step } from '../../plan/step.ts';
import type { Member } from '../../topology/agreement.ts';
import { type Id, type Place, place, type Slots } from './document.ts';

interface MemberDocument {
  readonly id: Id;
  readonly address: Place;
  /** Where other nodes find it. */
  readonly meetAt?: { readonly ip: string; readonly port: number; readonly busPort: number } | undefined;
}

type Between = { readonly from: Id; readonly to: Id; readonly slots: Slots };
type OfNode = { readonly node: Id };
type OfReplica = { readonly node: Id; readonly primary: Id };
type Owned = { readonly node: Id; readonly owner: Id; readonly slots: Slots };

export type StepKind =
  | 'set-slots'
  | 'claim-slots'
  | 'assign-slots'
  | 'tell-owner'
  | 'close-slots'
  | 'settle-keys'
  | 'gather-keys'
  | 'move-slots'
  | 'bump-epoch'
  | 'shutdown'
  | 'take-over'
  | 'replicate'
  | 'cancel-migration'
  | 'be-ready'
  | 'fail-over'
  | 'set-epoch'
  | 'copy-functions'
  | 'join'
  | 'agree'
  | 'forget'
  | 'stay-forgotten'
  | 'stay-alone'
  | 'reset';

export type StepDocument =
  | ({
      readonly kind: 'set-slots';
      readonly state: 'stable' | 'migrating' | 'importing';
      readonly peer?: Id | undefined;
      readonly slots: Slots;
    } & OfNode)
  | ({ readonly kind: 'claim-slots' | 'assign-slots'; readonly slots: Slots } & OfNode)
  | ({ readonly kind: 'tell-owner' | 'close-slots' } & Owned)
  | { readonly kind: 'settle-keys'; readonly owner: Id; readonly other: Id; readonly slots: Slots }
  | ({ readonly kind: 'gather-keys' | 'move-slots' } & Between)
  | ({ readonly kind: 'bump-epoch' | 'shutdown' } & OfNode)
  | ({ readonly kind: 'take-over' | 'replicate' } & OfReplica)
  | ({ readonly kind: 'cancel-migration'; readonly name?: string | undefined } & OfNode)
  | ({ readonly kind: 'be-ready'; readonly maxLagBytes: number } & OfReplica)
  | ({
      readonly kind: 'fail-over';
      readonly way: 'graceful' | 'force' | 'takeover';
      readonly maxLagBytes: number;
    } & OfReplica)
  | ({ readonly kind: 'set-epoch'; readonly epoch: number } & OfNode)
  | ({ readonly kind: 'copy-functions'; readonly from: Id } & OfNode)
  | {
      readonly kind: 'join';
      readonly introductions: readonly { readonly from: MemberDocument; readonly to: MemberDocument }[];
      readonly newcomers: readonly Id[];
      readonly members: readonly MemberDocument[];
    }
  | {
      readonly kind: 'agree';
      readonly members: readonly MemberDocument[];
      readonly concerned: readonly Id[];
      readonly wantsOk: boolean;
      readonly wantsCopies: boolean;
      readonly sparesSilent?: boolean | undefined;
    }
  | ({ readonly kind: 'forget'; readonly victim: Id } & OfNode)
  | { readonly kind: 'stay-forgotten'; readonly witnesses: readonly Id[]; readonly victims: readonly Id[] }
  | { readonly kind: 'stay-alone'; readonly nodes: readonly Id[] }
  | ({ readonly kind: 'reset'; readonly mode: 'soft' | 'hard' } & OfNode);

export function stepDocument(step: Step): StepDocument {
  switch (step.kind) {
    case 'set-slots': {
      const { kind, node, state, peer, slots } = step;
      return { kind, node, state, peer, slots: slots.toJSON() };
    }
    case 'claim-slots':
    case 'assign-slots':
      return { kind: step.kind, node: step.node, slots: step.slots.toJSON() };
    case 'tell-owner':
    case 'close-slots':
      return { kind: step.kind, node: step.node, owner: step.owner, slots: step.slots.toJSON() };
    case 'settle-keys':
      return { kind: step.kind, owner: step.owner, other: step.other, slots: step.slots.toJSON() };
    case 'gather-keys':
    case 'move-slots':
      return { kind: step.kind, from: step.from, to: step.to, slots: step.slots.toJSON() };
    case 'bump-epoch':
    case 'shutdown':
      return { kind: step.kind, node: step.node };
    case 'take-over':
    case 'replicate':
      return { kind: step.kind, node: step.node, primary: step.primary };
    case 'cancel-migration':
      return { kind: step.kind, node: step.node, name: step.name };
    case 'be-ready': {
      const { kind, node, primary, maxLagBytes } = step;
      return { kind, node, primary, maxLagBytes };
    }
    case 'fail-over': {
      const { kind, node, primary, way, maxLagBytes } = step;
      return { kind, node, primary, way, maxLagBytes };
    }
    case 'set-epoch':
      return { kind: step.kind, node: step.node, epoch: step.epoch };
    case 'copy-functions':
      return { kind: step.kind, node: step.node, from: step.from };
    case 'join': {
      const { kind, newcomers, members } = step;
      const introductions = step.introductions.map(({ from, to }) => ({
        from: member(from),
        to: member(to),
      }));
      return { kind, introductions, newcomers, members: members.map(member) };
    }
    case 'agree': {
      const { kind, concerned, wantsOk, wantsCopies, sparesSilent } = step;
      return { kind, members: step.members.map(member), concerned, wantsOk, wantsCopies, sparesSilent };
    }
    case 'forget':
      return { kind: step.kind, node: step.node, victim: step.victim };
    case 'stay-forgotten':
      return { kind: step.kind, witnesses: step.witnesses, victims: step.victims };
    case 'stay-alone':
      return { kind: step.kind, nodes: step.nodes };
    case 'reset':
      return { kind: step.kind, node: step.node, mode: step.mode };
  }
}

function member({ id, address, meetAt }: Member): MemberDocument {
  const met = meetAt && { ip: meetAt.ip, port: meetAt.port, busPort: meetAt.busPort };
  return { id, address: place(address), meetAt: met };
}
