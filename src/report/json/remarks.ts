/** What the person should know before saying yes, for programs. */
import type { Remark } from '../../plan/step.ts';
import { type Id, type Place, place, type Slots } from './document.ts';
import { byKind, slots } from './fields.ts';
import { type WrongPlace, wrongPlace } from './findings.ts';

export type RemarkDocument =
  | {
      kind: 'not-told' | 'left-out' | 'not-rehomed' | 'kept-for-slots' | 'older-than-primary' | 'hears-later';
      nodes: readonly Id[];
    }
  | { kind: 'not-ended' | 'without-a-vote'; node: Id }
  | { kind: 'bare-meanwhile' | 'bare-afterwards'; primaries: readonly Id[] }
  | { kind: 'slots-left'; slots: Slots }
  | { kind: 'kept-misplaced'; nodes: readonly Id[]; wrong: WrongPlace }
  | { kind: 'kept-alive'; nodes: readonly Id[]; heardBy: readonly Id[] }
  | { kind: 'kept-last-copy'; nodes: readonly Id[]; slots: Slots }
  | { kind: 'kept-for-keys'; node: Id; keys: number }
  | { kind: 'may-lose-writes'; primary: Id; node: Id }
  | { kind: 'kept-silent'; node: Place };

export const remarkDocument = byKind<Remark, RemarkDocument>({
  'not-told': { nodes: true },
  'left-out': { nodes: true },
  'not-rehomed': { nodes: true },
  'kept-for-slots': { nodes: true },
  'older-than-primary': { nodes: true },
  'hears-later': { nodes: true },
  'not-ended': { node: true },
  'without-a-vote': { node: true },
  'bare-meanwhile': { primaries: true },
  'bare-afterwards': { primaries: true },
  'slots-left': { slots },
  'kept-misplaced': { nodes: true, wrong: wrongPlace },
  'kept-alive': { nodes: true, heardBy: true },
  'kept-last-copy': { nodes: true, slots },
  'kept-for-keys': { node: true, keys: true },
  'may-lose-writes': { primary: true, node: true },
  'kept-silent': { node: place },
});
