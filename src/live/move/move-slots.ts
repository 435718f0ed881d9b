/** One step of a plan: slots go from one primary to another, in the best way that both servers know. */
import type { SlotMove } from '../../plan/step.ts';
import { ServerRefusalError } from '../../resp/errors.ts';
import { memberOf } from '../../topology/members.ts';
import type { NodeId } from '../../topology/node.ts';
import type { SlotSet } from '../../topology/slot-set.ts';
import type { ClusterSnapshot, NodeView, ServerFacts } from '../../topology/snapshot.ts';
import { redisAtomicMover, valkeyAtomicMover } from './atomic-mover.ts';
import { countKeys } from './count-keys.ts';
import { keepOthersOff } from './keep-others-off.ts';
import { migrateMover } from './migrate-mover.ts';
import { MoveError } from './move-error.ts';
import type { MoveRun, Mover, Passage } from './mover.ts';

export type MoverChoice = 'auto' | 'atomic' | 'migrate';

export async function moveSlots(
  move: SlotMove,
  before: ClusterSnapshot,
  choice: MoverChoice,
  run: MoveRun,
): Promise<SlotSet> {
  const passage = passageOf(move, before, run);
  const [source, target] = [viewOf(before, move.from).server, viewOf(before, move.to).server];
  const mover = chooseMover(choice, source, target, run.pace.isLimited || run.limits.waitReplicas > 0);
  return keepOthersOff(passage, run, () => moveBy(mover, passage, choice, run));
}

async function moveBy(mover: Mover, passage: Passage, choice: MoverChoice, run: MoveRun): Promise<SlotSet> {
  try {
    return await mover(passage, run);
  } catch (error) {
    const byItself = choice === 'auto' && mover !== migrateMover;
    // Not where somebody else is at it, or has called it off.
    if (!byItself || !(error instanceof ServerRefusalError) || /already|overlapping/i.test(error.text))
      throw error;
    run.listener.remark(`atomic migration did not work (${error.message}); going on by MIGRATE`);
    return migrateMover(passage, run);
  }
}

/** `byHand`: something is asked for that the servers do not do by themselves. */
function chooseMover(choice: MoverChoice, from: ServerFacts, to: ServerFacts, byHand: boolean): Mover {
  const atomic = atomicMover(from, to);
  if (choice === 'migrate' || (choice === 'auto' && byHand)) return migrateMover;
  if (choice === 'atomic' && !atomic) throw new MoveError('these servers know no atomic migration');
  return atomic ?? migrateMover;
}

function atomicMover(from: ServerFacts, to: ServerFacts): Mover | undefined {
  const since = (facts: ServerFacts, product: ServerFacts['product'], major: number, minor: number) =>
    facts.product === product &&
    (facts.release.major > major || (facts.release.major === major && facts.release.minor >= minor));
  if (since(from, 'redis', 8, 4) && since(to, 'redis', 8, 4)) return redisAtomicMover;
  return since(from, 'valkey', 9, 0) && since(to, 'valkey', 9, 0) ? valkeyAtomicMover : undefined;
}

function passageOf(move: SlotMove, before: ClusterSnapshot, { fleet }: MoveRun): Passage {
  const source = viewOf(before, move.from);
  const [from, { meetAt, ...target }] = [memberOf(source), memberOf(viewOf(before, move.to))];
  if (!meetAt) throw new MoveError(`nobody knows where the others find ${move.to}`);
  const databases = [...new Set([0, ...source.server.databases])];
  const others = before.views
    .filter(({ id, self }) => self.role === 'primary' && id !== move.from && id !== move.to)
    .map(memberOf);
  const { keys = 0, usedMemoryBytes = 0 } = source.server;
  const averageBytes = keys > 0 ? usedMemoryBytes / keys : 0;
  const count = () => countKeys(fleet, source, move.slots);
  return { from, to: { ...target, meetAt }, slots: move.slots, others, count, databases, averageBytes };
}

/** Valkey takes several migrations of one node at a time. */
export function goesAlongside({ from, to }: SlotMove, before: ClusterSnapshot, choice: MoverChoice): boolean {
  const [source, target] = [viewOf(before, from).server, viewOf(before, to).server];
  return choice !== 'migrate' && atomicMover(source, target) === valkeyAtomicMover;
}

function viewOf({ views }: ClusterSnapshot, id: NodeId): NodeView {
  const view = views.find(candidate => candidate.id === id);
  if (!view) throw new MoveError(`${id} does not answer`);
  return view;
}
