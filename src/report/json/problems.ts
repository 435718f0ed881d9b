/** Why a step did not come to its end, for programs. */
import type { NodeChange } from '../../plan/membership/changed-meanwhile.ts';
import type { Problem } from '../../plan/step.ts';
import type { Gap } from '../../topology/agreement.ts';
import type { Copy } from '../../topology/full-sync.ts';
import { describeMoveProblem } from '../text/move-problem.ts';
import type { Id, Slots } from './document.ts';
import { byKind, each, fields, slots } from './fields.ts';
import { COPY_PROGRESS, type CopyProgress } from './findings.ts';
import { type RefusalDocument, refusalDocument } from './refusals.ts';

export type CopyDocument = CopyProgress & { replica: Id; primary: Id; isSaving?: boolean };

type GapDocument =
  | { kind: 'unknown' | 'unlinked' | 'outdated' | 'no-data'; who: Id; about: Id }
  | { kind: 'not-ok' | 'handshake' | 'loading'; who: Id }
  | { kind: 'copying'; who: Id; about: Id; copy: CopyDocument };

type ChangeDocument =
  | { kind: 'owns-slots'; slots: Slots }
  | { kind: 'promoted' }
  | { kind: 'has-keys'; keys: number }
  | { kind: 'heard-again'; by: readonly Id[] }
  | { kind: 'taken'; primary?: Id };

export type ProblemDocument =
  | { kind: 'node'; node: string; message: string }
  | { kind: 'interrupted' }
  | { kind: 'no-agreement'; gaps: readonly GapDocument[]; waitedMs: number }
  | { kind: 'remembered' | 'banned'; by: readonly Id[]; waitedMs: number }
  | { kind: 'changed'; node: Id; change: ChangeDocument }
  | { kind: 'no-right'; node: Id; rights: readonly string[] }
  | { kind: 'move'; message: string }
  | { kind: 'not-alone'; nodes: readonly Id[]; waitedMs: number }
  | {
      kind: 'not-promoted';
      node: Id;
      way: 'graceful' | 'force' | 'takeover';
      told: number;
      isDeaf: boolean;
      waitedMs: number;
    }
  | { kind: 'not-ready'; doubts: readonly RefusalDocument[]; waitedMs: number };

export const copyDocument = fields<Copy, CopyDocument>({
  ...COPY_PROGRESS,
  replica: true,
  primary: true,
  isSaving: true,
});

const gap = byKind<Gap, GapDocument>({
  unknown: { who: true, about: true },
  unlinked: { who: true, about: true },
  outdated: { who: true, about: true },
  'no-data': { who: true, about: true },
  'not-ok': { who: true },
  handshake: { who: true },
  loading: { who: true },
  copying: { who: true, about: true, copy: copyDocument },
});

const change = byKind<NodeChange, ChangeDocument>({
  'owns-slots': { slots },
  promoted: {},
  'has-keys': { keys: true },
  'heard-again': { by: true },
  taken: { primary: true },
});

const documentOf = byKind<Exclude<Problem, { kind: 'move' }>, Exclude<ProblemDocument, { kind: 'move' }>>({
  node: { node: true, message: true },
  interrupted: {},
  'no-agreement': { gaps: each(gap), waitedMs: true },
  remembered: { by: true, waitedMs: true },
  banned: { by: true, waitedMs: true },
  changed: { node: true, change },
  'no-right': { node: true, rights: true },
  'not-alone': { nodes: true, waitedMs: true },
  'not-promoted': { node: true, way: true, told: true, isDeaf: true, waitedMs: true },
  'not-ready': { doubts: each(refusalDocument), waitedMs: true },
});

export function problemDocument(problem: Problem): ProblemDocument {
  if (problem.kind !== 'move') return documentOf(problem);
  return { kind: problem.kind, message: describeMoveProblem(problem.why) };
}
