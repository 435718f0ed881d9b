/**
 * Watches that forgotten nodes stay forgotten. A node that was told to forget takes no gossip about the victim for a
 * minute, but one that was told a moment later than the others may have passed it on before.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { clusterNodes } from '../resp/commands.ts';
import { ServerRefusalError } from '../resp/errors.ts';
import type { Fleet } from '../resp/fleet.ts';
import { KnownLines } from '../resp/known-lines.ts';
import { forget } from '../resp/membership-commands.ts';
import type { Address, NodeId } from '../topology/node.ts';
import type { Patience } from './await-agreement.ts';

const LOOK_EVERY_MS = 100;
/** Longer than a bus message takes that was on its way when the last node forgot. */
const QUIET_LOOKS = 3;

export interface Watch {
  readonly witnesses: readonly { readonly id: NodeId; readonly address: Address }[];
  readonly victims: readonly NodeId[];
}

/** Returns who still knows a victim when the time is up; nobody, as a rule. */
export async function awaitForgotten(
  fleet: Fleet,
  { witnesses, victims }: Watch,
  { timeoutMs, nowMs, progress }: Patience,
): Promise<NodeId[]> {
  const deadline = nowMs() + timeoutMs;
  let quiet = 0;
  for (;;) {
    const known = new KnownLines();
    const remembered = await Promise.all(
      witnesses.map(async witness => {
        const { nodes } = await fleet.send(witness.address, clusterNodes(known));
        return { witness, known: victims.filter(victim => nodes.some(node => node.id === victim)) };
      }),
    );
    const by = remembered.filter(({ known: ids }) => ids.length > 0);
    quiet = by.length === 0 ? quiet + 1 : 0;
    if (quiet >= QUIET_LOOKS || nowMs() >= deadline) return by.map(({ witness }) => witness.id);
    if (by.length > 0) progress(by.length);
    await Promise.all(
      by.flatMap(({ witness, known: ids }) => ids.map(id => forgetNode(fleet, witness.address, id))),
    );
    await sleep(LOOK_EVERY_MS);
  }
}

/** Forgotten already is forgotten. */
export async function forgetNode(fleet: Fleet, node: Address, victim: NodeId): Promise<void> {
  try {
    await fleet.send(node, forget(victim));
  } catch (error) {
    if (!(error instanceof ServerRefusalError && error.reason === 'unknown-node')) throw error;
  }
}
