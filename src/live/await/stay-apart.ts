/**
 * Watches that nodes stay apart. Messages of the cluster bus are under way when nodes are told to forget each other, and
 * a handshake that was begun before goes on after: so it is looked at more than once, and done again where needed.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { clusterNodes } from '../../resp/commands/cluster.ts';
import { forget, reset } from '../../resp/commands/membership.ts';
import { unlessRefused } from '../../resp/errors.ts';
import type { Fleet } from '../../resp/fleet.ts';
import { KnownLines } from '../../resp/known-lines.ts';
import type { Address, NodeId } from '../../topology/node.ts';
import type { StepRun } from './agreement.ts';

/** As often as servers do what they do of themselves on the bus (clusterCron). */
const LOOK_EVERY_MS = 100;
/** Longer than a message takes that was on its way when the last node was told. */
const QUIET_LOOKS = 3;

interface Relapse {
  readonly node: NodeId;
  /** Whom it should not know. */
  readonly known: readonly NodeId[];
}

/** Returns who still knows a victim when the time is up; nobody, as a rule. */
export function awaitForgotten(
  witnesses: readonly NodeId[],
  victims: readonly NodeId[],
  run: StepRun,
): Promise<NodeId[]> {
  const again = ({ node, known }: Relapse) =>
    Promise.all(known.map(id => forgetNode(run.fleet, run.at(node), id)));
  return untilQuiet(witnesses, id => victims.includes(id), again, run);
}

/** Returns who still knows somebody when the time is up; nobody, as a rule. */
export function awaitAlone(nodes: readonly NodeId[], run: StepRun): Promise<NodeId[]> {
  // Once more, and not FORGET: that would keep gossip about the others away for a minute, when they may be wanted.
  const again = ({ node }: Relapse) => run.fleet.send(run.at(node), reset('hard'));
  return untilQuiet(nodes, () => true, again, run);
}

async function untilQuiet(
  nodes: readonly NodeId[],
  isUnwanted: (id: NodeId) => boolean,
  again: (relapse: Relapse) => Promise<unknown>,
  { fleet, at, timeoutMs, nowMs, progress }: StepRun,
): Promise<NodeId[]> {
  const deadline = nowMs() + timeoutMs;
  let quiet = 0;
  for (;;) {
    const known = new KnownLines();
    const seen = await Promise.all(
      nodes.map(async (node): Promise<Relapse> => {
        const list = await unlessRefused(fleet.send(at(node), clusterNodes(known)), 'loading');
        const others = list?.nodes.map(({ id }) => id).filter(id => id !== list.self.id) ?? [];
        return { node, known: others.filter(isUnwanted) };
      }),
    );
    const relapses = seen.filter(relapse => relapse.known.length > 0);
    quiet = relapses.length === 0 ? quiet + 1 : 0;
    if (quiet >= QUIET_LOOKS || nowMs() >= deadline) return relapses.map(({ node }) => node);
    if (relapses.length > 0) progress(relapses.length);
    await Promise.all(relapses.map(again));
    await sleep(LOOK_EVERY_MS);
  }
}

/** Forgotten already is forgotten. */
export function forgetNode(fleet: Fleet, node: Address, victim: NodeId): Promise<void> {
  return unlessRefused(fleet.send(node, forget(victim)), 'unknown-node');
}
