/** The steps of a plan, for programs. */
import type { Step } from '../../plan/step.ts';
import type { Member } from '../../topology/agreement.ts';
import { type Id, type Place, place, type Slots } from './document.ts';
import { byKind, each, fields, slots } from './fields.ts';

interface MemberDocument {
  readonly id: Id;
  readonly address: Place;
  /** Where other nodes find it. */
  readonly meetAt?: { readonly ip: string; readonly port: number; readonly busPort: number };
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
  | ({ kind: 'set-slots'; state: 'stable' | 'migrating' | 'importing'; peer?: Id; slots: Slots } & OfNode)
  | ({ kind: 'claim-slots' | 'assign-slots'; slots: Slots } & OfNode)
  | ({ kind: 'tell-owner' | 'close-slots' } & Owned)
  | { kind: 'settle-keys'; owner: Id; other: Id; slots: Slots }
  | ({ kind: 'gather-keys' | 'move-slots' } & Between)
  | ({ kind: 'bump-epoch' | 'shutdown' } & OfNode)
  | ({ kind: 'take-over' | 'replicate' } & OfReplica)
  | ({ kind: 'cancel-migration'; name?: string } & OfNode)
  | ({ kind: 'be-ready'; maxLagBytes: number } & OfReplica)
  | ({ kind: 'fail-over'; way: 'graceful' | 'force' | 'takeover'; maxLagBytes: number } & OfReplica)
  | ({ kind: 'set-epoch'; epoch: number } & OfNode)
  | ({ kind: 'copy-functions'; from: Id } & OfNode)
  | {
      kind: 'join';
      introductions: readonly { from: MemberDocument; to: MemberDocument }[];
      newcomers: readonly Id[];
      members: readonly MemberDocument[];
    }
  | {
      kind: 'agree';
      members: readonly MemberDocument[];
      concerned: readonly Id[];
      wantsOk: boolean;
      wantsCopies: boolean;
      sparesSilent?: boolean;
    }
  | ({ kind: 'forget'; victim: Id } & OfNode)
  | { kind: 'stay-forgotten'; witnesses: readonly Id[]; victims: readonly Id[] }
  | { kind: 'stay-alone'; nodes: readonly Id[] }
  | ({ kind: 'reset'; mode: 'soft' | 'hard' } & OfNode);

const member = fields<Member, MemberDocument>({
  id: true,
  address: place,
  meetAt: fields({ ip: true, port: true, busPort: true }),
});

export const stepDocument = byKind<Step, StepDocument>({
  'set-slots': { node: true, state: true, peer: true, slots },
  'claim-slots': { node: true, slots },
  'assign-slots': { node: true, slots },
  'tell-owner': { node: true, owner: true, slots },
  'close-slots': { node: true, owner: true, slots },
  'settle-keys': { owner: true, other: true, slots },
  'gather-keys': { from: true, to: true, slots },
  'move-slots': { from: true, to: true, slots },
  'bump-epoch': { node: true },
  shutdown: { node: true },
  'take-over': { node: true, primary: true },
  replicate: { node: true, primary: true },
  'cancel-migration': { node: true, name: true },
  'be-ready': { node: true, primary: true, maxLagBytes: true },
  'fail-over': { node: true, primary: true, way: true, maxLagBytes: true },
  'set-epoch': { node: true, epoch: true },
  'copy-functions': { node: true, from: true },
  join: { introductions: each(fields({ from: member, to: member })), newcomers: true, members: each(member) },
  agree: {
    members: each(member),
    concerned: true,
    wantsOk: true,
    wantsCopies: true,
    sparesSilent: true,
  },
  forget: { node: true, victim: true },
  'stay-forgotten': { witnesses: true, victims: true },
  'stay-alone': { nodes: true },
  reset: { node: true, mode: true },
});
