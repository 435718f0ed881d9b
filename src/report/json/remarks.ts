/** What the person should know before saying yes, for programs. */
import type { Remark } from '../../plan/step.ts';
import { type Id, type Place, place, type Slots } from './document.ts';
import type { WrongPlace } from './finding-document.ts';
import { wrongPlace } from './findings.ts';

export type RemarkDocument =
  | {
      readonly kind:
        | 'not-told'
        | 'left-out'
        | 'not-rehomed'
        | 'kept-for-slots'
        | 'older-than-primary'
        | 'hears-later';
      readonly nodes: readonly Id[];
    }
  | { readonly kind: 'not-ended' | 'without-a-vote'; readonly node: Id }
  | { readonly kind: 'bare-meanwhile' | 'bare-afterwards'; readonly primaries: readonly Id[] }
  | { readonly kind: 'slots-left'; readonly slots: Slots }
  | { readonly kind: 'kept-misplaced'; readonly nodes: readonly Id[]; readonly wrong: WrongPlace }
  | { readonly kind: 'kept-alive'; readonly nodes: readonly Id[]; readonly heardBy: readonly Id[] }
  | { readonly kind: 'kept-last-copy'; readonly nodes: readonly Id[]; readonly slots: Slots }
  | { readonly kind: 'kept-for-keys'; readonly node: Id; readonly keys: number }
  | { readonly kind: 'may-lose-writes'; readonly primary: Id; readonly node: Id }
  | { readonly kind: 'kept-silent'; readonly node: Place };

export function remarkDocument(remark: Remark): RemarkDocument {
  switch (remark.kind) {
    case 'not-told':
    case 'left-out':
    case 'not-rehomed':
    case 'kept-for-slots':
    case 'older-than-primary':
    case 'hears-later':
      return { kind: remark.kind, nodes: remark.nodes };
    case 'not-ended':
    case 'without-a-vote':
      return { kind: remark.kind, node: remark.node };
    case 'bare-meanwhile':
    case 'bare-afterwards':
      return { kind: remark.kind, primaries: remark.primaries };
    case 'slots-left':
      return { kind: remark.kind, slots: remark.slots.toJSON() };
    case 'kept-misplaced':
      return { kind: remark.kind, nodes: remark.nodes, wrong: wrongPlace(remark.wrong) };
    case 'kept-alive':
      return { kind: remark.kind, nodes: remark.nodes, heardBy: remark.heardBy };
    case 'kept-last-copy':
      return { kind: remark.kind, nodes: remark.nodes, slots: remark.slots.toJSON() };
    case 'kept-for-keys':
      return { kind: remark.kind, node: remark.node, keys: remark.keys };
    case 'may-lose-writes':
      return { kind: remark.kind, primary: remark.primary, node: remark.node };
    case 'kept-silent':
      return { kind: remark.kind, node: place(remark.node) };
  }
}
