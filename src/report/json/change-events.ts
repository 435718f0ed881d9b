/** A change as a stream for programs: one JSON object per line, each with the same version. */
import type { FixPlan } from '../../plan/fix/fix.ts';
import type { Obstacle } from '../../plan/fix/situation.ts';
import { numberOf, type SituationKind } from '../../plan/fix/situation-kinds.ts';
import type { Refusal } from '../../plan/refusal.ts';
import type { Loss } from '../../plan/slots/loss.ts';
import type { Plan, PlanEvent } from '../../plan/step.ts';
import { describeFinding } from '../text/finding.ts';
import { describeCopy } from '../text/full-syncs.ts';
import { describeLoss } from '../text/loss.ts';
import { describeRemark } from '../text/membership.ts';
import type { NodeNames } from '../text/names.ts';
import { describeNote } from '../text/note.ts';
import { failureLines } from '../text/progress.ts';
import { describeRefusal } from '../text/refusal.ts';
import { lossOf, originOf, sceneOf, titleOf } from '../text/situation.ts';
import { asLine, FORMAT_VERSION, type Id, type Slots } from './document.ts';
import { byKind } from './fields.ts';
import { type BareFinding, bareFinding } from './findings.ts';
import { type CopyDocument, copyDocument, type ProblemDocument, problemDocument } from './problems.ts';
import { type RefusalDocument, refusalDocument } from './refusals.ts';
import { type RemarkDocument, remarkDocument } from './remarks.ts';
import { type StepDocument, type StepKind, stepDocument } from './steps.ts';

interface Sentence {
  readonly text: string;
}

/** What `fix` has found. `origin`: how it comes. `loss`: what it could cost. */
interface SituationDocument extends Sentence {
  readonly number: number;
  readonly kind: SituationKind;
  readonly slots: Slots;
  readonly nodes: readonly Id[];
  readonly keys: number;
  readonly keysAtOwner: number;
  /** Why nothing is done about it now. */
  readonly obstacle?: Obstacle | undefined;
  readonly detail?: string | undefined;
  readonly title: string;
  readonly origin: string;
  readonly loss: string;
}

type LossDocument = { node: Id; role: 'source' | 'target' } & (
  | { kind: 'evicted'; keys: number; isUsual: boolean; mostBytes?: number; policy?: string }
  | { kind: 'restarted'; keysBefore: number; keysNow: number; counted?: number; missing?: number }
);

const lossDocument = byKind<Loss, LossDocument>({
  evicted: { node: true, role: true, keys: true, isUsual: true, mostBytes: true, policy: true },
  restarted: { node: true, role: true, keysBefore: true, keysNow: true, counted: true, missing: true },
});

type Content =
  | { event: 'refused'; command: string; refusals: readonly (RefusalDocument & Sentence)[] }
  | {
      event: 'plan';
      command: string;
      /** Of `fix`, and what is left because nothing or nobody here can repair it. */
      situations?: readonly SituationDocument[];
      left?: readonly (BareFinding & Sentence)[];
      /** One after the other; the steps of one stage at the same time. */
      stages: readonly (readonly StepDocument[])[];
      remarks: readonly (RemarkDocument & Sentence)[];
    }
  | { event: 'stage'; steps: readonly StepKind[] }
  /** So many have just changed hands. */
  | { event: 'moved'; from: Id; to: Id; slots: number; keys: number }
  /** `copies`: what replicas still copy. */
  | ({ event: 'note'; copies?: readonly CopyDocument[] } & Sentence)
  | ({ event: 'loss' } & LossDocument & Sentence)
  | { event: 'step-done'; step: StepDocument }
  | ({ event: 'step-failed'; step: StepDocument; problem: ProblemDocument } & Sentence)
  | ({ event: 'end' | 'round-done'; command: string; code: number } & Sentence);

export type ChangeEvent = { readonly version: 1 } & Content;

export type StreamEvent =
  | { readonly event: 'refused'; readonly command: string; readonly refusals: readonly Refusal[] }
  | { readonly event: 'plan'; readonly command: string; readonly plan: Plan }
  | { readonly event: 'progress'; readonly of: Exclude<PlanEvent, { kind: 'waiting' }>; readonly plan: Plan }
  | { readonly event: 'note'; readonly text: string }
  | {
      readonly event: 'end' | 'round-done';
      readonly command: string;
      readonly code: number;
      readonly text: string;
    };

export function eventLine(event: StreamEvent, names: NodeNames): string {
  const line: ChangeEvent = { version: FORMAT_VERSION, ...content(event, names) };
  return asLine(line);
}

function content(event: StreamEvent, names: NodeNames): Content {
  switch (event.event) {
    case 'refused': {
      const refusals = event.refusals.map(refusal => ({
        ...refusalDocument(refusal),
        text: describeRefusal(refusal, names),
      }));
      return { event: event.event, command: event.command, refusals };
    }
    case 'plan':
      return planContent(event, names);
    case 'progress':
      return progress(event, names);
    case 'note':
      return { event: event.event, text: event.text };
    case 'end':
    case 'round-done':
      return { event: event.event, command: event.command, code: event.code, text: event.text };
  }
}

function planContent({ command, plan }: Extract<StreamEvent, { event: 'plan' }>, names: NodeNames): Content {
  return {
    event: 'plan',
    command,
    ...(isFixPlan(plan) && {
      situations: plan.situations.map(situation => situationDocument(situation, plan, names)),
      left: plan.left.map(finding => ({ ...bareFinding(finding), text: describeFinding(finding, names) })),
    }),
    stages: plan.stages.map(stage => stage.map(stepDocument)),
    remarks: plan.remarks.map(remark => ({ ...remarkDocument(remark), text: describeRemark(remark, names) })),
  };
}

function situationDocument(
  situation: FixPlan['situations'][number],
  { prefer }: FixPlan,
  names: NodeNames,
): SituationDocument {
  const { kind, slots, nodes, keys, keysAtOwner, obstacle, detail } = situation;
  return {
    number: numberOf(situation),
    kind,
    slots: slots.toJSON(),
    nodes,
    keys,
    keysAtOwner,
    obstacle,
    detail,
    title: titleOf(situation),
    text: sceneOf(situation, names),
    origin: originOf(situation),
    loss: lossOf(situation, prefer),
  };
}

function isFixPlan(plan: Plan): plan is FixPlan {
  return 'situations' in plan;
}

function progress(
  { of: event, plan }: Extract<StreamEvent, { event: 'progress' }>,
  names: NodeNames,
): Content {
  switch (event.kind) {
    case 'stage-began':
      return { event: 'stage', steps: event.stage.map(step => step.kind) };
    case 'moved': {
      const { step, slots, keys } = event;
      return { event: 'moved', from: step.from, to: step.to, slots: slots.size, keys };
    }
    case 'noted':
      return { event: 'note', text: describeNote(event.note) };
    case 'loss':
      return { event: 'loss', ...lossDocument(event.loss), text: describeLoss(event.loss, names) };
    case 'copying': {
      const text = event.copies.map(copy => `${describeCopy(copy, names)}.`).join(' ');
      return { event: 'note', text, copies: event.copies.map(copyDocument) };
    }
    case 'step-done':
      return { event: 'step-done', step: stepDocument(event.step) };
    case 'step-failed': {
      const text = failureLines(event, plan, names).join(' ');
      const [step, problem] = [stepDocument(event.step), problemDocument(event.problem)];
      return { event: 'step-failed', step, problem, text };
    }
  }
}
