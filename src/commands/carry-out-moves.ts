/** What all commands that move slots do with their plan. */

import { countMovingKeys } from '../live/look/count-moving-keys.ts';
import { EntryNodeError, inspect } from '../live/look/inspect.ts';
import { keysLeftBehind } from '../live/look/keys-left-behind.ts';
import { lookAtCluster } from '../live/look/look-at-cluster.ts';
import { lookUntilSettled } from '../live/look/look-until-settled.ts';
import { lastLook } from '../live/watch/last-look.ts';
import { planDocument } from '../plan/files/plan-file.ts';
import type { Decision } from '../plan/refusal.ts';
import { lateLosses, partiesOf, silentParties } from '../plan/slots/late-loss.ts';
import { concerning, type MovePlan } from '../plan/slots/move-plan.ts';
import { movesIntoLimits, withoutRoom } from '../plan/slots/room.ts';
import { describeFinding, showSlots } from '../report/text/finding.ts';
import { describeLoss, noLongerAnswers } from '../report/text/loss.ts';
import { renderReshard } from '../report/text/moves.ts';
import { count, NodeNames } from '../report/text/names.ts';
import type { Fleet } from '../resp/fleet.ts';
import { type Examined, examine } from '../topology/diagnose.ts';
import { SlotSet } from '../topology/slot-set.ts';
import { ownClaims } from '../topology/snapshot.ts';
import { passesWithinMs } from '../topology/transient-findings.ts';
import { carryOut } from './carry-out.ts';
import type { Aside, Change, Decided } from './change.ts';
import { type Context, type ExitCode, withFleet } from './context.ts';
import type { MoveOptions } from './options/move.ts';

export type ExamineCluster = () => Promise<Examined>;

type Spoken = 'command' | 'isFirstPart' | 'question' | 'already' | 'tellsEachSlot';

/** What a command says and plans; the rest is the same for all moves. */
export interface MoveStory
  extends Pick<Change<MovePlan>, Spoken>,
    Partial<Pick<Change<MovePlan>, 'preview'>> {
  decide(look: ExamineCluster): Promise<Decided<MovePlan>>;
}

/** For plans that take nothing but a look at the cluster. */
export function planOnSight(
  plan: (seen: Examined) => Decision<MovePlan>,
): (look: ExamineCluster) => Promise<Decided<MovePlan>> {
  return async look => {
    const seen = await look();
    return { seen: seen.snapshot, decision: plan(seen) };
  };
}

export function carryOutMoves(options: MoveOptions, context: Context, story: MoveStory): Promise<ExitCode> {
  return carryOut(options, context, {
    preview: renderReshard,
    ...story,
    decide: async () => {
      const look = () => withFleet(context, options, fleet => lookAtCluster(fleet, options));
      const decided = await story.decide(look);
      return options.despiteFindings ? decided : unlessTooMuch(decided, options, context);
    },
    done: 'The slots have moved, and every node that answers knows it.',
    unfinished: () => 'Not everything was moved.',
    lastLookDecides: true,
    ...(options.despiteFindings && { applyWith: ' --despite-findings' }),
    document: plan => planDocument(plan, story.command, options.moving),
    verify: (fleet, plan, aside) => problemsLeft(fleet, plan, { ...options, ...aside }),
  });
}

/** Only where a target has a limit are keys counted. */
async function unlessTooMuch(
  decided: Decided<MovePlan>,
  options: MoveOptions,
  context: Context,
): Promise<Decided<MovePlan>> {
  if (decided.decision.kind === 'refused') return decided;
  const { before, moves } = decided.decision.plan;
  const limited = movesIntoLimits(before, moves);
  if (limited.length === 0) return decided;
  const keys = await withFleet(context, options, fleet => countMovingKeys(fleet, before, limited));
  const refusals = withoutRoom(before, limited, keys);
  return refusals.length > 0 ? { ...decided, decision: { kind: 'refused', refusals } } : decided;
}

/**
 * Asked of every node once more: nothing of what has moved may be open, nobody may think otherwise, and those that gave or got
 * slots and own some must say that they have lost no key. What is wrong besides, or has come to be so meanwhile, is no failure of
 * the move: another node that is silent, slots that others move.
 */
async function problemsLeft(
  fleet: Fleet,
  { moves, before }: MovePlan,
  {
    despiteFindings,
    joinTimeoutMs,
    told,
    note,
  }: Pick<MoveOptions, 'despiteFindings' | 'joinTimeoutMs'> & Aside,
): Promise<string[]> {
  const target = before.views.find(({ id }) => id === moves[0]?.to)?.address;
  for (const { address } of before.views) fleet.renew(address);
  const look = async () => {
    try {
      return await inspect(fleet);
    } catch (error) {
      if (!(error instanceof EntryNodeError) || !target) throw error;
      return inspect(fleet, undefined, target);
    }
  };
  const { snapshot, findings } = await lookUntilSettled(
    async () => examine(await look()),
    seen => passesWithinMs(concerning(moves, seen.findings), joinTimeoutMs),
  );
  const names = new NodeNames(snapshot);
  const owners = ownClaims(snapshot);
  const elsewhere = moves.flatMap(({ to, slots }) => {
    const missing = slots.without(owners.get(to) ?? SlotSet.empty);
    return missing.size > 0 ? [`${names.of(to)} does not own ${showSlots(missing)}.`] : [];
  });
  const found = findings
    .filter(({ severity, kind }) => severity === 'error' && (!despiteFindings || kind === 'slots-open'))
    // An emptied primary may have become a replica that is still copying.
    .filter(({ kind }) => kind !== 'replica-link-down');
  const ours = new Set(concerning(moves, found));
  for (const finding of found) if (!ours.has(finding)) note(describeFinding(finding, names));
  const left = (await keysLeftBehind(fleet, snapshot, moves)).map(
    ({ node, slots, keys }) =>
      `${names.of(node)} still holds ${count(keys, 'key')} in ${showSlots(slots)}, which it gave away; \`slotctl fix\` brings them to their owner.`,
  );
  // After the counting, in which a node may have been started again.
  const last = await lastLook(fleet, before, snapshot, partiesOf(moves));
  const gone = lateLosses(before, last, moves, told).map(loss => describeLoss(loss, names));
  const silent = silentParties(snapshot, last, moves).map(id => noLongerAnswers(id, names));
  return [
    ...gone,
    ...silent,
    ...elsewhere,
    ...[...ours].map(finding => describeFinding(finding, names)),
    ...left,
  ];
}
