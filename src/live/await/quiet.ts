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
import type { Patience } from './agreement.ts';

/** As often as servers do what they do of themselves on the bus (clusterCron). */
const LOOK_EVERY_MS = 100;
/** Longer than a message takes that was on its way when the last node was told. */
const QUIET_LOOKS = 3;

export interface Watched {
  readonly id: NodeId;
  readonly address: Address;
}

interface Relapse {
  readonly node: Watched;
  /** Whom it should not know. */
  readonly known: readonly NodeId[];
}

/** Returns who still knows a victim when the time is up; nobody, as a rule. */
export function awaitForgotten(
  fleet: Fleet,
  witnesses: readonly Watched[],
  victims: readonly NodeId[],
  patience: Patience,
): Promise<NodeId[]> {
  const mend = ({ node, known }: Relapse) =>
    Promise.all(known.map(id => forgetNode(fleet, node.address, id)));
  return untilQuiet(fleet, witnesses, id => victims.includes(id), mend, patience);
}

/** Returns who still knows somebody when the time is up; nobody, as a rule. */
export function awaitAlone(fleet: Fleet, nodes: readonly Watched[], patience: Patience): Promise<NodeId[]> {
  // Once more, and not FORGET: that would keep gossip about the others away for a minute, when they may be wanted.
  const mend = ({ node }: Relapse) => fleet.send(node.address, reset('hard'));
  return untilQuiet(fleet, nodes, () => true, mend, patience);
}

async function untilQuiet(
  fleet: Fleet,
  nodes: readonly Watched[],
  isUnwanted: (id: NodeId) => boolean,
  mend: (relapse: Relapse) => Promise<unknown>,
  { timeoutMs, nowMs, progress }: Patience,
): Promise<NodeId[]> {
  const deadline = nowMs() + timeoutMs;
  let quiet = 0;
  for (;;) {
    const known = new KnownLines();
    const seen = await Promise.all(
      nodes.map(async (node): Promise<Relapse> => {
        const list = await unlessRefused(fleet.send(node.address, clusterNodes(known)), 'loading');
        const others = list?.nodes.map(({ id }) => id).filter(id => id !== list.self.id) ?? [];
        return { node, known: others.filter(isUnwanted) };
      }),
    );
    const relapses = seen.filter(relapse => relapse.known.length > 0);
    quiet = relapses.length === 0 ? quiet + 1 : 0;
    if (quiet >= QUIET_LOOKS || nowMs() >= deadline) return relapses.map(({ node }) => node.id);
    if (relapses.length > 0) progress(relapses.length);
    await Promise.all(relapses.map(mend));
    await sleep(LOOK_EVERY_MS);
  }
}

/** Forgotten already is forgotten. */
export function forgetNode(fleet: Fleet, node: Address, victim: NodeId): Promise<void> {
  return unlessRefused(fleet.send(node, forget(victim)), 'unknown-node');
}
