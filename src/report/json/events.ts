/** A change as a stream for programs: one JSON object per line, each with the same version. */
import type { FixPlan } from '../../plan/fix/fix.ts';
import { numberOf } from '../../plan/fix/situation-kinds.ts';
import type { Refusal } from '../../plan/refusal.ts';
import type { Plan, PlanEvent } from '../../plan/step.ts';
import { describeFinding } from '../text/finding.ts';
import { describeCopy } from '../text/full-syncs.ts';
import { describeLoss } from '../text/loss.ts';
import { describeRemark } from '../text/membership.ts';
import type { NodeNames } from '../text/names.ts';
import { failureLines } from '../text/progress.ts';
import { describeRefusal } from '../text/refusal.ts';
import { lossOf, originOf, sceneOf, titleOf } from '../text/situation.ts';

const FORMAT_VERSION = 1;

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
  return `${JSON.stringify({ version: FORMAT_VERSION, ...content(event, names) }, asPlain)}\n`;
}

function content(event: StreamEvent, names: NodeNames): object {
  switch (event.event) {
    case 'refused':
      return {
        ...event,
        refusals: event.refusals.map(refusal => ({ ...refusal, text: describeRefusal(refusal, names) })),
      };
    case 'plan':
      return planContent(event, names);
    case 'progress':
      return progress(event, names);
    case 'note':
    case 'end':
    case 'round-done':
      return event;
  }
}

function planContent({ command, plan }: Extract<StreamEvent, { event: 'plan' }>, names: NodeNames): object {
  const remarks = plan.remarks.map(remark => ({ ...remark, text: describeRemark(remark, names) }));
  return { event: 'plan', command, ...situationsOf(plan, names), stages: plan.stages, remarks };
}

/** What `fix` has found, with the sentences that people get. */
function situationsOf(plan: Plan, names: NodeNames): object {
  if (!isFixPlan(plan)) return {};
  return {
    situations: plan.situations.map(({ measures: _, ...situation }) => ({
      number: numberOf(situation),
      ...situation,
      title: titleOf(situation),
      text: sceneOf(situation, names),
      origin: originOf(situation),
      loss: lossOf(situation, plan.prefer),
    })),
    left: plan.left.map(finding => ({ ...finding, text: describeFinding(finding, names) })),
  };
}

function isFixPlan(plan: Plan): plan is FixPlan {
  return 'situations' in plan;
}

function progress(
  { of: event, plan }: Extract<StreamEvent, { event: 'progress' }>,
  names: NodeNames,
): object {
  switch (event.kind) {
    case 'stage-began':
      return { event: 'stage', steps: event.stage.map(step => step.kind) };
    case 'moved':
      return {
        event: 'moved',
        from: event.step.from,
        to: event.step.to,
        slots: event.slots.size,
        keys: event.keys,
      };
    case 'noted':
      return { event: 'note', text: event.text };
    case 'loss':
      return { event: 'loss', ...event.loss, text: describeLoss(event.loss, names) };
    case 'copying':
      return {
        event: 'note',
        text: event.copies.map(copy => `${describeCopy(copy, names)}.`).join(' '),
        copies: event.copies,
      };
    case 'step-done':
      return { event: 'step-done', step: event.step };
    case 'step-failed':
      return {
        event: 'step-failed',
        step: event.step,
        problem: event.problem,
        text: failureLines(event, plan, names).join(' '),
      };
  }
}

function asPlain(_key: string, value: unknown): unknown {
  if (value instanceof Map) return Object.fromEntries(value);
  return value instanceof Set ? [...value] : value;
}
