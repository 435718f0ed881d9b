/** One step of a plan: slots go from one primary to another, in the best way that both servers know. */

import { setTimeout as sleep } from 'node:timers/promises';
import type { SlotMove } from '../../plan/step.ts';
import type { Migration } from '../../resp/commands/atomic-migration.ts';
import { memberOf } from '../../topology/members.ts';
import { isSince } from '../../topology/releases.ts';
import { type Slot, SlotSet } from '../../topology/slot-set.ts';
import type { ClusterSnapshot, ServerFacts } from '../../topology/snapshot.ts';
import { countKeys } from '../keys/count-keys.ts';
import { hidesForeignKeys } from '../look/census.ts';
import { moveAtomically } from './atomic/atomic-mover.ts';
import { cautionFor, fitnessOf, otherMigration, type Question, seatOf } from './atomic/fitness.ts';
import { type AtomicWay, atomicWay } from './atomic/product-differences.ts';
import { lookAtEnds } from './both-ends.ts';
import { cautionAboutStreams } from './consumer-groups.ts';
import { keepOthersOff } from './keep-others-off.ts';
import { migrateMover } from './migrate/migrate-mover.ts';
import { MoveError, NotAtomicallyError, viewIn } from './move-error.ts';
import type { MoveRun, Passage } from './mover.ts';
import { shareFunctions } from './share-functions.ts';

export type MoverChoice = 'auto' | 'atomic' | 'migrate';

export async function moveSlots(
  move: SlotMove,
  before: ClusterSnapshot,
  choice: MoverChoice,
  run: MoveRun,
): Promise<SlotSet> {
  if (run.isStopping()) return SlotSet.empty;
  const passage = passageOf(move, before, run);
  const ground = { ends: [passage.from.address, passage.to.address], slots: passage.slots };
  return keepOthersOff(ground, run, () => moveInBestWay(passage, before, choice, run));
}

async function moveInBestWay(
  passage: Passage,
  before: ClusterSnapshot,
  choice: MoverChoice,
  run: MoveRun,
): Promise<SlotSet> {
  const [from, to] = [passage.from.id, passage.to.id];
  const servers = { source: viewIn(before, from).server, target: viewIn(before, to).server };
  const way = atomicWay(servers.source, servers.target);
  if (choice === 'atomic' && !way) throw new MoveError({ kind: 'no-atomic-migration' });
  // Something may be asked for that the servers do not do by themselves.
  const byHand = choice === 'auto' && (run.pace.isLimited || run.limits.waitReplicas > 0);
  if (!way || choice === 'migrate' || byHand) return moveByHand(passage, way, run);
  const turn = way.onePerNode ? [from, to] : [];
  try {
    return await run.own.turns.pass(turn, () => moveByServers({ passage, way, servers }, run));
  } catch (error) {
    if (!(error instanceof NotAtomicallyError)) throw error;
    if (choice === 'atomic') throw new MoveError({ kind: 'only-by-migrate', why: error.problem });
    run.note({ kind: 'goes-by-migrate', why: error.problem });
    // Where passages of one node went side by side, those by MIGRATE do not.
    return run.own.turns.pass([from, to], () => moveByHand(passage, way, run));
  }
}

async function moveByHand(passage: Passage, way: AtomicWay | undefined, run: MoveRun): Promise<SlotSet> {
  const ends = await lookAtEnds(passage, run, way);
  const isOwn = () => false;
  const taken = way && otherMigration({ passage, way, ends, isOwn }, { onlyOverlap: true });
  if (taken !== undefined) throw new MoveError(taken);
  await shareFunctions(passage, ends, run, false);
  return migrateMover(passage, run);
}

type Crossing = Pick<Question, 'passage' | 'way' | 'servers'> & { readonly passage: Passage };

async function moveByServers(crossing: Crossing, run: MoveRun): Promise<SlotSet> {
  const { passage, way } = crossing;
  if (run.isStopping()) return SlotSet.empty;
  // Only told, and beside the look; whether they could be counted changes nothing.
  const counting = passage.count().catch(() => new Map<Slot, number>());
  const cautioning =
    way.dropsDeletedPending && cautionAboutStreams(counting, passage.from.address, run.fleet);
  const { ends, fitness } = await lookUntilFit(crossing, run);
  if (fitness.kind === 'taken') throw new MoveError(fitness.why);
  if (fitness.kind === 'unfit') throw new NotAtomicallyError(fitness.why);
  const { underWay } = fitness;
  const keys = [...(await counting).values()].reduce((sum, count) => sum + count, 0);
  if (underWay) {
    run.note({ kind: 'under-way-already', slots: passage.slots, name: underWay.name });
  } else {
    await shareFunctions(passage, ends, run, way.bringsFunctions);
    const caution = cautionFor(ends, keys * passage.averageBytes);
    if (caution !== undefined) run.note(caution);
    const aboutStreams = await cautioning;
    if (aboutStreams) run.note(aboutStreams);
  }
  const earlier = new Set(seatOf({ ...crossing, ends }).migrations.map(({ name }) => name));
  return moveAtomically({ way, earlier, keys, ...(underWay && { underWay }) }, passage, run);
}

/** What nodes tell each other takes a moment: a new epoch, a new owner. */
const MAY_CHANGE_WITHIN_MS = 5000;
const LOOK_AGAIN_AFTER_MS = 100;

async function lookUntilFit(crossing: Crossing, run: MoveRun) {
  const isOwn = (migration: Migration) => run.own.has(migration);
  for (const deadline = run.nowMs() + MAY_CHANGE_WITHIN_MS; ; await sleep(LOOK_AGAIN_AFTER_MS)) {
    const [ends] = await Promise.all([lookAtEnds(crossing.passage, run, crossing.way), run.trip.ready]);
    const fitness = fitnessOf({ ...crossing, ends, isOwn });
    if (fitness.kind !== 'not-yet') return { ends, fitness };
    if (run.nowMs() >= deadline) return { ends, fitness: fitness.otherwise };
  }
}

function passageOf(move: SlotMove, before: ClusterSnapshot, { fleet, trip }: MoveRun): Passage {
  const source = viewIn(before, move.from);
  const [from, { meetAt, ...target }] = [memberOf(source), memberOf(viewIn(before, move.to))];
  if (!meetAt) throw new MoveError({ kind: 'no-meeting-place', node: move.to });
  const databases = [...new Set([0, ...source.server.databases])];
  const others = before.views
    .filter(({ id, self }) => self.role === 'primary' && id !== move.from && id !== move.to)
    .map(memberOf);
  const { keys = 0, usedMemoryBytes = 0 } = source.server;
  const averageBytes = keys > 0 ? usedMemoryBytes / keys : 0;
  const count = async () => {
    const keys = await countKeys(fleet, source, move.slots);
    trip.counted(keys);
    return keys;
  };
  return {
    from,
    to: { ...target, meetAt },
    slots: move.slots,
    restartKeepsKeys: restartKeepsKeys(viewIn(before, move.to).server),
    targetHidesKeys: hidesForeignKeys(viewIn(before, move.to).server),
    setSlotWaits: isSince(source.server, { valkey: [8, 0] }),
    others,
    count,
    databases,
    averageBytes,
  };
}

/** Seen on Redis 7.0 and 8.0, and not on Redis 8.6, Valkey 8.0, 8.1 and 9.1. */
function restartKeepsKeys(server: ServerFacts): boolean {
  return server.product === 'redis' && !isSince(server, { redis: [8, 1] });
}

/** Valkey takes several migrations of one node at a time. */
export function goesAlongside({ from, to }: SlotMove, before: ClusterSnapshot, choice: MoverChoice): boolean {
  const way = atomicWay(viewIn(before, from).server, viewIn(before, to).server);
  return choice !== 'migrate' && way !== undefined && !way.onePerNode;
}
