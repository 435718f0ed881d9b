/** Carries out the steps of `fix`. */
import { claimOf } from '../../plan/fix/claim.ts';
import type { MendingStep } from '../../plan/step.ts';
import type { Command } from '../../resp/command.ts';
import { cancelTask } from '../../resp/commands/atomic-migration.ts';
import { clusterNodes } from '../../resp/commands/cluster.ts';
import { failover } from '../../resp/commands/failover.ts';
import { bumpEpoch } from '../../resp/commands/fix.ts';
import { addSlots, delSlots } from '../../resp/commands/membership.ts';
import { assignSlot, importing, migrating, stable } from '../../resp/commands/slots.ts';
import { unlessRefused } from '../../resp/errors.ts';
import { memberOf } from '../../topology/members.ts';
import type { NodeId } from '../../topology/node.ts';
import { isSince, SLOT_RANGES } from '../../topology/releases.ts';
import { type Slot, SlotSet } from '../../topology/slot-set.ts';
import type { ClusterSnapshot } from '../../topology/snapshot.ts';
import type { StepRun } from '../await/agreement.ts';
import { persist } from '../keys/retry-refusals.ts';
import { countInSlots } from '../look/census.ts';
import { cancelExports } from '../move/atomic/cancel-exports.ts';
import { keepOthersOff } from '../move/keep-others-off.ts';
import { viewIn } from '../move/move-error.ts';
import type { TransferWatch } from '../watch/transfers.ts';
import { type Gathering, gatherKeys, settleKeys } from './bring-keys-home.ts';
import type { ClashPolicy } from './key-pairs.ts';

export interface Mending extends Omit<ClashPolicy, 'note'> {
  /** What servers wait for each other in one MIGRATE. */
  readonly timeoutMs: number;
  /** Even keys go that hold up the servers for long. */
  readonly allowBlocking: boolean;
}

export interface MendRun extends Pick<StepRun, 'fleet' | 'nowMs' | 'progress' | 'note'> {
  readonly before: ClusterSnapshot;
  readonly mending: Mending;
  readonly watch: TransferWatch;
}

export async function mend(step: MendingStep, run: MendRun): Promise<void> {
  const { fleet } = run;
  const at = (id: NodeId) => viewIn(run.before, id).address;
  switch (step.kind) {
    case 'set-slots':
      return setSlots(step, run);
    case 'claim-slots':
      return claim(step, run);
    case 'tell-owner':
      return unlessRefused(
        inBatches(step.slots, slot => assignSlot(slot, step.owner), step.node, run),
        'not-a-primary',
      );
    case 'settle-keys':
      return alone(settleKeys, gathering(step.owner, step.other, step.slots, run));
    case 'gather-keys':
      return gather(step, run);
    case 'bump-epoch':
      return fleet.send(at(step.node), bumpEpoch());
    case 'take-over':
      return fleet.send(at(step.node), failover('takeover'));
    case 'cancel-migration':
      return cancel(step, run);
  }
}

/** Marks are taken off a primary that has become a replica meanwhile, as it has lost them by that. */
async function setSlots(step: Extract<MendingStep, { kind: 'set-slots' }>, run: MendRun): Promise<void> {
  const { state, peer, node, slots } = step;
  const command = (slot: Slot) => {
    if (state === 'stable' || !peer) return stable(slot);
    return state === 'importing' ? importing(slot, peer) : migrating(slot, peer);
  };
  const telling = inBatches(slots, command, node, run);
  await (state === 'stable' ? unlessRefused(telling, 'not-a-primary') : telling);
}

/** Valkey has its replicas agree to each one; a server is not to be busy with ours for longer than a reply may take. */
const SLOTS_AT_A_TIME = 256;

async function inBatches(
  slots: SlotSet,
  command: (slot: Slot) => Command<void>,
  node: NodeId,
  run: MendRun,
): Promise<void> {
  const { address } = viewIn(run.before, node);
  const { fleet, nowMs, note } = run;
  for (let left = slots; left.size > 0; ) {
    const some = left.take(SLOTS_AT_A_TIME);
    left = left.without(some);
    const send = () => Promise.all([...some].map(slot => fleet.send(address, command(slot))));
    await persist(send, { nowMs, note });
  }
}

/**
 * In one transaction, so that nobody comes between. A node takes no slot which it believes to be somebody's, so it is
 * made to forget that first; the new epoch makes the others believe the claim, whomever they gave the slot to so far.
 */
async function claim(step: Extract<MendingStep, { kind: 'claim-slots' }>, run: MendRun): Promise<void> {
  const { address, server } = viewIn(run.before, step.node);
  const { dropped, added } = claimOf(await run.fleet.send(address, clusterNodes()), step.slots);
  if (added.size === 0) return;
  const knowsRanges = isSince(server, SLOT_RANGES);
  await run.fleet.transact(address, [
    ...(dropped.size > 0 ? [delSlots(dropped, knowsRanges)] : []),
    addSlots(added, knowsRanges),
    bumpEpoch(),
  ]);
}

async function gather(step: Extract<MendingStep, { kind: 'gather-keys' }>, run: MendRun): Promise<void> {
  const trip = run.watch.begin(step, step.slots);
  try {
    const [keys] = await Promise.all([
      countInSlots(run.fleet, viewIn(run.before, step.from), step.slots),
      trip.ready,
    ]);
    trip.counted(keys);
    await alone(gatherKeys, { ...gathering(step.to, step.from, step.slots, run), trip });
  } finally {
    trip.end();
  }
}

/** A move that goes on meanwhile could bring a value anew that is about to be removed here. */
function alone(work: (keys: Gathering) => Promise<void>, keys: Gathering): Promise<void> {
  const { fleet, owner, holder, slots, settling } = keys;
  const ground = { ends: [holder.address, owner.address], slots };
  return keepOthersOff(ground, { fleet, note: settling.note }, () => work(keys));
}

function gathering(owner: NodeId, holder: NodeId, slots: SlotSet, run: MendRun): Gathering {
  const view = viewIn(run.before, holder);
  const owned = view.self.role === 'primary' ? view.self.slots : SlotSet.empty;
  return {
    fleet: run.fleet,
    owner: memberOf(viewIn(run.before, owner)),
    holder: memberOf(view),
    slots,
    databases: [...new Set([0, ...view.server.databases])],
    // Who claims the slots itself has been made to give them away, and answers for them.
    asks: owned.intersect(slots).size === 0,
    timeoutMs: run.mending.timeoutMs,
    allowBlocking: run.mending.allowBlocking,
    averageBytes: (view.server.usedMemoryBytes ?? 0) / Math.max(1, view.server.keys ?? 0),
    settling: { ...run.mending, note: run.note },
    nowMs: run.nowMs,
    progress: run.progress,
  };
}

async function cancel(step: Extract<MendingStep, { kind: 'cancel-migration' }>, run: MendRun): Promise<void> {
  const { address } = viewIn(run.before, step.node);
  const cancelling: Promise<unknown> = step.name
    ? run.fleet.send(address, cancelTask(step.name))
    : // What has been granted meanwhile the next look finds done.
      cancelExports({ send: command => run.fleet.send(address, command) });
  // It may have come to its end by itself.
  await unlessRefused(cancelling, 'no-migration');
}
