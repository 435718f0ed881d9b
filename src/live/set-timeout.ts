/** Gives every node another cluster-node-timeout, and looks whether it has it. */
import type { TimeoutAt } from '../plan/timeout-at.ts';
import { getNodeTimeout, rewriteConfig, setNodeTimeout } from '../resp/commands/call.ts';
import { NodeError } from '../resp/errors.ts';
import type { Fleet } from '../resp/fleet.ts';
import type { Address } from '../topology/node.ts';
import type { Called } from '../topology/node-order.ts';
import { inOrder } from './in-order.ts';

/** All of the largest clusters: see setTimeouts(). */
const NODES_AT_A_TIME = 1000;

/** In the order of the nodes, and at all of them at the same time, since those that differ for long fail each other over. */
export function setTimeouts(
  fleet: Fleet,
  nodes: readonly Called[],
  wanted: { readonly timeoutMs: number; readonly dryRun: boolean },
): AsyncGenerator<TimeoutAt> {
  return inOrder(nodes, NODES_AT_A_TIME, async (node): Promise<TimeoutAt> => {
    const { silence, address } = node;
    const silent = (message: string) =>
      ({ node, problem: { kind: 'node', message }, saved: false }) satisfies TimeoutAt;
    if (silence !== undefined) return silent(silence);
    if (!address) return { node, problem: { kind: 'no-address' }, saved: false };
    try {
      const beforeMs = await timeoutOf(fleet, address);
      const before = { node, ...(beforeMs !== undefined && { beforeMs }) };
      return wanted.dryRun ? before : { ...before, ...(await setOne(fleet, address, wanted.timeoutMs)) };
    } catch (error) {
      if (!(error instanceof NodeError)) throw error;
      return silent(error.message);
    }
  });
}

/** Setting and saving are two things: what cannot be saved is in force all the same, until the next restart. */
async function setOne(
  fleet: Fleet,
  address: Address,
  timeoutMs: number,
): Promise<Pick<TimeoutAt, 'nowMs' | 'saved' | 'problem'>> {
  await fleet.send(address, setNodeTimeout(timeoutMs));
  const refusal = await refusalOf(fleet.send(address, rewriteConfig()));
  const nowMs = await timeoutOf(fleet, address);
  const saved = refusal === undefined;
  if (nowMs !== timeoutMs) {
    const now = nowMs === undefined ? {} : { nowMs };
    return { saved, ...now, problem: { kind: 'other-value', setMs: timeoutMs, ...now } };
  }
  if (saved) return { nowMs, saved };
  return { nowMs, saved, problem: { kind: 'not-saved', message: refusal } };
}

async function timeoutOf(fleet: Fleet, address: Address): Promise<number | undefined> {
  const text = await fleet.send(address, getNodeTimeout());
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

async function refusalOf(reply: Promise<void>): Promise<string | undefined> {
  try {
    await reply;
    return undefined;
  } catch (error) {
    if (!(error instanceof NodeError)) throw error;
    return error.message;
  }
}
