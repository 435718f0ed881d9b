/** `fix` before anything is done: every situation with what will be done about it, and on demand why and by what commands. */
import type { FixPlan } from '../../plan/fix/fix.ts';
import type { Obstacle, Situation } from '../../plan/fix/situation.ts';
import { isMending, type Step } from '../../plan/step.ts';
import { MEANINGS } from '../../topology/finding.ts';
import type { Paint } from '../paint.ts';
import { describeFinding } from './finding.ts';
import { commandLines, mendingText } from './fix-steps.ts';
import { NodeNames } from './names.ts';
import { lossOf, originOf, sceneOf, titleOf } from './situation.ts';

const OBSTACLES: Readonly<Record<Obstacle, string>> = {
  'unreachable-owner':
    'Nothing without fix --cluster-fix-with-unreachable-masters. Better: bring the node back, and run fix again.',
  'still-heard':
    'Nothing: other nodes still hear from it. If it is down, wait until they have noticed; if not, run fix from where it can be reached.',
  'refused-us':
    'Nothing: the node is alive, but refuses this login or denies its user a right (`slotctl check` shows which). Log in as a user that it accepts, and run fix again.',
  'copy-out-of-reach':
    'Nothing, and no option changes that: a node that is alive but does not answer here may have the only copy of their keys. `slotctl check` shows why it could not be asked; correct that, and run fix again.',
  'stranded-copy':
    'Nothing without fix --cluster-fix-with-unreachable-masters: it may have the only copy of its keys. Save them first (`redis-cli --rdb` from that node), or bring its primary back.',
  'may-return':
    'Nothing: a node that is down may have been the target before; with Valkey it would take the slots back, without their keys, when it returns. Start it, or have it forgotten, and run fix again. Until then the slots stay open, and clients find every key. fix --cluster-fix-with-unreachable-masters goes ahead anyway.',
  'no-remedy': 'Nothing: this cannot be repaired from here.',
  wait: 'Nothing now: run fix again when the rest is repaired, or when it has finished.',
  later: 'Nothing yet: it is a matter for the next look of this run, when every slot can have an owner.',
  'cluster-down': 'Nothing now: keys cannot move while the cluster is down; fix what keeps it down first.',
  'no-room':
    'Nothing: the keys do not fit within the maxmemory of the node that owns them; it would evict or refuse keys. Give it more memory (CONFIG SET maxmemory), and run the same command again.',
  uncounted: 'Nothing: the keys of a node that takes part could not be counted.',
};

/** Scripts look for these lines. A slot that many others share its fate with is not listed alone. */
const MOST_SINGLE_LINES = 16;

export function renderFix(plan: FixPlan, { explain }: { readonly explain: boolean }, paint: Paint): string {
  const names = new NodeNames(plan.before);
  const lines = plan.situations.flatMap(situation => [
    ...classicLines(situation).map(paint.heading),
    ...situationLines(situation, plan, names, explain, paint),
    '',
  ]);
  return [...lines, ...leftLines(plan, paint)].map(line => `${line}\n`).join('');
}

const OPEN: ReadonlySet<Situation['kind']> = new Set([
  'half-moved',
  'migrating-only',
  'importing-only',
  'importing-with-keys',
  'mark-left',
]);

function classicLines({ kind, slots }: Situation): string[] {
  if (kind === 'uncovered-empty' || kind === 'uncovered-with-keys') return ['>>> Fixing slots coverage...'];
  if (kind === 'claimed-twice') return [`>>> Fixing multiple owners for slot ${slots}...`];
  if (!OPEN.has(kind)) return [];
  return slots.size <= MOST_SINGLE_LINES
    ? [...slots].map(slot => `>>> Fixing open slot ${slot}`)
    : [`>>> Fixing open slots ${slots}`];
}

function situationLines(
  situation: Situation,
  plan: FixPlan,
  names: NodeNames,
  explain: boolean,
  paint: Paint,
): string[] {
  const { obstacle } = situation;
  const head = `${titleOf(situation)}. ${sceneOf(situation, names)}`;
  const commands = explain ? commandLines(situation, plan, names) : [];
  return [
    obstacle ? paint.bad(head) : paint.warning(head),
    ...(explain ? [`  How it comes: ${originOf(situation)}`] : []),
    `  What is done: ${obstacle ? whyNot(situation, obstacle) : doneText(situation, names)}`,
    `  What could be lost: ${lossOf(situation, plan.prefer)}`,
    ...commands.map(command => paint.faint(`    ${command}`)),
  ];
}

function whyNot({ kind, detail }: Situation, obstacle: Obstacle): string {
  if (kind === 'owner-dead' && obstacle === 'unreachable-owner' && detail !== undefined)
    return `Nothing without fix --cluster-fix-with-unreachable-masters. The owner itself cannot come back, because node ${detail} has taken its place. If you have its nodes.conf and its data, start it with them, and run fix again.`;
  return OBSTACLES[obstacle];
}

function doneText({ kind, measures }: Situation, names: NodeNames): string {
  if (measures.length === 0) return 'The nodes hear of each other.';
  const text = measures.map(({ step }) => stepText(step, names)).join('; ');
  return kind === 'keys-hidden'
    ? `${text}; then it shows them, and the next look of this run ${NEXT}.`
    : `${text}.`;
}

const NEXT = 'gives every slot an owner and the keys to theirs';

function stepText(step: Step, names: NodeNames): string {
  if (isMending(step)) return mendingText(step, names);
  switch (step.kind) {
    case 'move-slots':
      return `the move is finished: the keys that are left go to ${names.of(step.to)}, which then owns the slots`;
    case 'replicate':
      return `${names.of(step.node)} becomes a replica of ${names.of(step.primary)}`;
    case 'forget':
      return `${names.of(step.node)} forgets ${names.of(step.victim)}`;
    case 'join':
      return `${names.listed(step.newcomers, 'is', 'are')} introduced to the others`;
    case 'stay-forgotten':
      return 'it is watched that they do not come back';
    default:
      return step.kind;
  }
}

/** Errors that no situation is about. */
function leftLines({ left, before }: FixPlan, paint: Paint): string[] {
  const names = new NodeNames(before);
  const told = left.flatMap(finding => [
    paint.bad(`[ERR] ${describeFinding(finding, names)}`),
    paint.faint(`      ${MEANINGS[finding.kind]}`),
  ]);
  return told.length === 0 ? [] : ['Left as it is:', ...told];
}
