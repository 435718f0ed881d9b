/** Why a step did not come to its end, for programs. */

import type { NodeChange } from '../../plan/membership/changed-meanwhile.ts';
import type { Problem } from '../../plan/step.ts';
import type { Gap } from '../../topology/agreement.ts';
import type { Copy } from '../../topology/full-sync.ts';
import { describeMoveProblem } from '../text/move-problem.ts';
import type { Id, Slots } from './document.ts';
import type { CopyProgress } from './finding-document.ts';
import { copyProgress } from './findings.ts';
import type { RefusalDocument } from './refusal-document.ts';
import { refusalDocument } from './refusals.ts';

export type CopyDocument = CopyProgress & {
  readonly replica: Id;
  readonly primary: Id;
  readonly isSaving?: boolean | undefined;
};

type GapDocument =
  | { readonly kind: 'unknown' | 'unlinked' | 'outdated' | 'no-data'; readonly who: Id; readonly about: Id }
  | { readonly kind: 'not-ok' | 'handshake' | 'loading'; readonly who: Id }
  | { readonly kind: 'copying'; readonly who: Id; readonly about: Id; readonly copy: CopyDocument };

type ChangeDocument =
  | { readonly kind: 'owns-slots'; readonly slots: Slots }
  | { readonly kind: 'promoted' }
  | { readonly kind: 'has-keys'; readonly keys: number }
  | { readonly kind: 'heard-again'; readonly by: readonly Id[] }
  | { readonly kind: 'taken'; readonly primary?: Id | undefined };

export type ProblemDocument =
  | { readonly kind: 'node'; readonly node: string; readonly message: string }
  | { readonly kind: 'interrupted' }
  | { readonly kind: 'no-agreement'; readonly gaps: readonly GapDocument[]; readonly waitedMs: number }
  | { readonly kind: 'remembered' | 'banned'; readonly by: readonly Id[]; readonly waitedMs: number }
  | { readonly kind: 'changed'; readonly node: Id; readonly change: ChangeDocument }
  | { readonly kind: 'no-right'; readonly node: Id; readonly rights: readonly string[] }
  | { readonly kind: 'move'; readonly message: string }
  | { readonly kind: 'not-alone'; readonly nodes: readonly Id[]; readonly waitedMs: number }
  | {
      readonly kind: 'not-promoted';
      readonly node: Id;
      readonly way: 'graceful' | 'force' | 'takeover';
      readonly told: number;
      readonly isDeaf: boolean;
      readonly waitedMs: number;
    }
  | { readonly kind: 'not-ready'; readonly doubts: readonly RefusalDocument[]; readonly waitedMs: number };

export function problemDocument(problem: Problem): ProblemDocument {
  switch (problem.kind) {
    case 'node':
      return { kind: problem.kind, node: problem.node, message: problem.message };
    case 'interrupted':
      return { kind: problem.kind };
    case 'no-agreement':
      return { kind: problem.kind, gaps: problem.gaps.map(gap), waitedMs: problem.waitedMs };
    case 'remembered':
    case 'banned':
      return { kind: problem.kind, by: problem.by, waitedMs: problem.waitedMs };
    case 'changed':
      return { kind: problem.kind, node: problem.node, change: change(problem.change) };
    case 'no-right':
      return { kind: problem.kind, node: problem.node, rights: problem.rights };
    case 'move':
      return { kind: problem.kind, message: describeMoveProblem(problem.why) };
    case 'not-alone':
      return { kind: problem.kind, nodes: problem.nodes, waitedMs: problem.waitedMs };
    case 'not-promoted': {
      const { kind, node, way, told, isDeaf, waitedMs } = problem;
      return { kind, node, way, told, isDeaf, waitedMs };
    }
    case 'not-ready':
      return { kind: problem.kind, doubts: problem.doubts.map(refusalDocument), waitedMs: problem.waitedMs };
  }
}

export function copyDocument(copy: Copy): CopyDocument {
  return { ...copyProgress(copy), replica: copy.replica, primary: copy.primary, isSaving: copy.isSaving };
}

function gap(one: Gap): GapDocument {
  switch (one.kind) {
    case 'unknown':
    case 'unlinked':
    case 'outdated':
    case 'no-data':
      return { kind: one.kind, who: one.who, about: one.about };
    case 'not-ok':
    case 'handshake':
    case 'loading':
      return { kind: one.kind, who: one.who };
    case 'copying':
      return { kind: one.kind, who: one.who, about: one.about, copy: copyDocument(one.copy) };
  }
}

function change(one: NodeChange): ChangeDocument {
  switch (one.kind) {
    case 'owns-slots':
      return { kind: one.kind, slots: one.slots.toJSON() };
    case 'promoted':
      return { kind: one.kind };
    case 'has-keys':
      return { kind: one.kind, keys: one.keys };
    case 'heard-again':
      return { kind: one.kind, by: one.by };
    case 'taken':
      return { kind: one.kind, primary: one.primary };
  }
}
