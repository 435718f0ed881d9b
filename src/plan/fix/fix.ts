/**
 * `fix`: one round of looking and mending. Everything is decided from what the nodes say and from how many keys they hold;
 * what a round leaves, or brings to light, is a matter for the next look. All that can be done is planned in one go, in the
 * order of the phases; what cannot be done is part of the plan too, with the reason.
 */
import type { Census } from '../../topology/census.ts';
import { diagnose, type Examined, NO_WISHES } from '../../topology/diagnose.ts';
import type { Finding } from '../../topology/finding.ts';
import type { NodeId } from '../../topology/node.ts';
import { SlotSet } from '../../topology/slot-set.ts';
import { type ClusterSnapshot, coveredSlots, primariesIn } from '../../topology/snapshot.ts';
import type { Decision } from '../refusal.ts';
import { agreeStep, inStages } from '../stages.ts';
import type { Plan, Stage, Step } from '../step.ts';
import type { OwnedScene } from './bring-keys-home.ts';
import type { FixContext } from './context.ts';
import { coverSlots, standingFor } from './coverage.ts';
import { successionIn } from './half-moved.ts';
import { keysGone } from './keys-gone.ts';
import { ghosts, homeless, mistaken, type PlaceOf, strangers } from './members.ts';
import { migrationsLeft, type NodeMigration, slotsOnTheirWay } from './migrations.ts';
import { openSituations } from './open-slots.ts';
import { epochsEqual, hiddenStrays, mapsDisagree } from './owners.ts';
import { inOnePiece, PHASES, type Phase } from './phases.ts';
import { unlessNoRoom } from './room.ts';
import { concernedBy, type Obstacle, type Situation } from './situation.ts';
import { numberOf } from './situation-kinds.ts';
import { type SlotScene, slotScenes } from './slot-scenes.ts';
import { isToldOf, nobodyAnswers } from './unexplained.ts';

export interface FixWishes {
  /** Keys were counted in all slots of all primaries, to find some outside their owners. */
  readonly searchOwners: boolean;
  /** Slots of nodes that do not answer are given to others. */
  readonly withUnreachable: boolean;
}

export interface FixRequest extends Examined {
  readonly census: Census;
  readonly migrations: readonly NodeMigration[];
  readonly wishes: FixWishes;
  /** The owner’s value stays unless said otherwise. */
  readonly prefer?: Preference;
  readonly placeOf: PlaceOf;
}

/** Whose value stays where a key has two. */
export type Preference = 'owner' | 'other' | 'newest';

export interface FixPlan extends Plan {
  readonly prefer: Preference;
  readonly situations: readonly Situation[];
  /** Whether there was no error to begin with. */
  readonly isHealthy: boolean;
  /** Errors that no situation tells of, because nothing or nobody here can mend them. */
  readonly left: readonly Finding[];
}

export function planFix(request: FixRequest): Decision<FixPlan> {
  const { snapshot, census, wishes, prefer = 'owner' } = request;
  if (primariesIn(snapshot).length === 0) return { kind: 'refused', refusals: [nobodyAnswers(snapshot)] };
  // Keys that are astray are found only by counting them everywhere, which the look has not done.
  const findings = wishes.searchOwners ? diagnose(snapshot, { ...NO_WISHES, census }) : request.findings;
  const { situations: all, willBeCovered } = situationsIn(request, findings);
  const canAgree = !leavesDoubt(all);
  const situations = canAgree ? all : all.map(unlessOnlyAgreed);
  const isOk = willBeCovered && !situations.some(isStuck);
  const stages = stagesOf(situations, snapshot, { isOk, canAgree, willBeCovered });
  const isHealthy = findings.every(({ severity }) => severity !== 'error');
  const left = findings.filter(
    finding => finding.severity === 'error' && !isToldOf(finding, situations, willBeCovered),
  );
  return {
    kind: 'plan',
    plan: { before: snapshot, stages, remarks: [], situations, isHealthy, left, prefer },
  };
}

/** Whether something is wrong that nothing is done about. */
export function isStuck({ kind, obstacle }: Situation): boolean {
  return obstacle !== undefined && kind !== 'keys-gone';
}

/**
 * What decides how far a round goes:
 *
 * - `isNew`: the slot has no owner, and gets one by this plan. Who gets it has begun no move of it, so none is taken for half
 *   done; and keys are brought there under a mark that is set before anybody owns it.
 * - `willBeCovered`: by the end of it all slots have an owner. While one has none, servers say that the cluster is down, and
 *   to wait until they say otherwise would be in vain.
 * - `isDown`: that will not be so, and a node says that the cluster is down (with cluster-require-full-coverage no, none
 *   does). A server refuses MIGRATE then, so keys stay; what is urgent is done all the same.
 * - `looksAgain`: hidden keys come to light by this plan. Then slots get their owners in the next round by itself, and the
 *   person is not sent to look for what keeps the cluster down.
 * - `isQuiet`: no slot is about to change hands, or in dispute. To find keys that a node hides it has to import their slots,
 *   and a node that imports a slot does not hear who owns it.
 */
function situationsIn(
  { snapshot, census, migrations, wishes, placeOf }: FixRequest,
  findings: readonly Finding[],
) {
  const { views } = snapshot;
  const primaries = new Set(primariesIn(snapshot).map(({ id }) => id));
  const answering = new Set(views.map(({ id }) => id));
  const { withUnreachable } = wishes;
  const context: FixContext = {
    ...successionIn(snapshot),
    primaries,
    answering,
    census,
    withUnreachable,
    standingFor: id => standingFor(id, snapshot),
  };
  const onTheirWay = slotsOnTheirWay(migrations);
  const scenes = slotScenes(snapshot, census, findings).filter(({ slot }) => !onTheirWay.has(slot));
  const unowned = scenes.filter(({ owner }) => !owner);
  const coverage = coverSlots(unowned, snapshot, context);
  const owned = scenes.flatMap((scene): OwnedScene[] => {
    const owner = scene.owner ?? coverage.owners.get(scene.slot);
    // Where a replica takes over, who holds which keys is to be looked at anew.
    if (!owner || !primaries.has(owner)) return [];
    return [{ ...withOwner(scene, owner), isNew: !scene.owner }];
  });
  const covered = coveredSlots(snapshot).union(SlotSet.of(...coverage.owners.keys()));
  const willBeCovered = covered.equals(SlotSet.all);
  const isDown = !willBeCovered && views.some(({ state }) => state === 'fail');
  const looksAgain = coverage.situations.some(({ kind }) => kind === 'keys-hidden');
  const open = openSituations(owned, context).map(situation =>
    isDown ? unlessKeysMove(situation, looksAgain ? 'later' : 'cluster-down') : situation,
  );
  const settled = SlotSet.union([...open, ...coverage.situations].map(({ slots }) => slots));
  const removed = ghosts({ snapshot, findings }, placeOf);
  const gone = new Set(removed.flatMap(({ nodes }) => nodes));
  const disputed = mapsDisagree(findings, snapshot, settled);
  const isQuiet = settled.size === 0 && disputed.length === 0 && onTheirWay.size === 0;
  const situations = unlessNoRoom(
    [
      ...migrationsLeft(migrations),
      ...coverage.situations,
      ...open,
      ...(wishes.searchOwners && isQuiet ? hiddenStrays(snapshot, context) : []),
      ...disputed,
      ...epochsEqual(findings),
      ...strangers(findings, snapshot, gone),
      ...mistaken(findings, snapshot, new Set(coverage.owners.values())),
      ...removed,
      ...homeless(findings, snapshot, gone, placeOf),
      ...keysGone(snapshot),
    ],
    snapshot,
    census,
  ).sort((a, b) => numberOf(a) - numberOf(b));
  return { situations, willBeCovered };
}

/** A slot that is given to a node loses the mark that it is imported there, by the same command. */
function withOwner(scene: SlotScene, owner: NodeId): SlotScene & { readonly owner: NodeId } {
  if (scene.owner) return { ...scene, owner };
  const importing = new Map(scene.importing);
  importing.delete(owner);
  return { ...scene, importing, owner };
}

const MOVING: ReadonlySet<Step['kind']> = new Set(['move-slots', 'gather-keys', 'settle-keys']);

/** A server of a cluster that is down refuses MIGRATE. */
function unlessKeysMove(situation: Situation, obstacle: Obstacle): Situation {
  const movesKeys = situation.measures.some(({ step }) => MOVING.has(step.kind));
  const measures = situation.measures.filter(({ isUrgent }) => isUrgent);
  return movesKeys ? { ...situation, measures, obstacle } : situation;
}

const UNSETTLED: ReadonlySet<Situation['kind']> = new Set([
  'half-moved',
  'importing-only',
  'importing-with-keys',
  'mark-left',
  'claimed-twice',
  'uncovered-empty',
]);

/**
 * Whether nodes go on believing what they did, whatever they hear: a node does not mind who owns the slots that it
 * imports; and a slot that its owner has dropped is still given to it by the others until somebody else claims it.
 */
function leavesDoubt(situations: readonly Situation[]): boolean {
  return situations.some(
    ({ kind, obstacle }) => kind === 'keys-hidden' || (obstacle !== undefined && UNSETTLED.has(kind)),
  );
}

/** Whom nothing but hearing of others helps. */
function isOnlyAgreed({ kind, measures, obstacle }: Situation): boolean {
  return (kind === 'roles-disagree' || kind === 'maps-disagree') && measures.length === 0 && !obstacle;
}

function unlessOnlyAgreed(situation: Situation): Situation {
  return isOnlyAgreed(situation) ? { ...situation, obstacle: 'wait' } : situation;
}

interface Outlook {
  /** The nodes can come to say that all is well. */
  readonly isOk: boolean;
  /** Waiting for the nodes to agree is not in vain. */
  readonly canAgree: boolean;
  readonly willBeCovered: boolean;
}

function stagesOf(
  situations: readonly Situation[],
  snapshot: ClusterSnapshot,
  { isOk, canAgree, willBeCovered }: Outlook,
): Stage[] {
  const measures = situations.flatMap(situation => situation.measures);
  const steps = (phase: Phase) => inOnePiece(measures.filter(measure => measure.phase === phase));
  const claimers = steps('cover').flatMap(step => ('node' in step ? [step.node] : []));
  const keysMove = measures.some(({ step }) => MOVING.has(step.kind));
  const needsAgreement = measures.length > 0 || situations.some(isOnlyAgreed);
  const concerned = concernedBy(situations, snapshot);
  return inStages(
    ...PHASES.map((phase): Stage => {
      if (phase === 'settle')
        return claimers.length > 0 && keysMove && canAgree
          ? [agreeStep(snapshot, claimers, { wantsOk: willBeCovered })]
          : [];
      if (phase === 'agree')
        return needsAgreement && canAgree && concerned.length > 0
          ? [agreeStep(snapshot, concerned, { wantsOk: isOk })]
          : [];
      return steps(phase);
    }),
  );
}
