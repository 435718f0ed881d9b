/** Looks at nodes that somebody wants to join, each on its own: they need not know each other. */
import { setTimeout as sleep } from 'node:timers/promises';
import { NodeError, ServerRefusalError } from '../resp/errors.ts';
import type { Fleet } from '../resp/fleet.ts';
import { KnownLines } from '../resp/known-lines.ts';
import { configGet, functionLibraries } from '../resp/membership-commands.ts';
import { resolveHost } from '../resp/resolve-host.ts';
import { type Applicant, isSilent } from '../topology/candidate.ts';
import { type Address, type MeetingPoint, USUAL_BUS_OFFSET } from '../topology/node.ts';
import type { NodeView } from '../topology/snapshot.ts';
import { explainSilence, ifTold, look } from './look.ts';

/** `asked` as the person wrote it; behind NAT that is not where the nodes find each other. */
export async function probe(fleet: Fleet, asked: Address): Promise<Applicant> {
  const address = fleet.announcedAddress(asked);
  try {
    const [view, functions, tls, announced] = await Promise.all([
      look(fleet, address, new KnownLines()),
      ifTold(fleet.send(address, functionLibraries())),
      ifTold(fleet.send(address, configGet('tls-cluster'))),
      ifTold(fleet.send(address, configGet('cluster-announce-ip'))),
    ]);
    return {
      asked,
      view,
      meetAt: await meetingPoint(view, announced),
      ...(functions && { functions }),
      ...(tls !== undefined && { tlsBus: tls === 'yes' }),
    };
  } catch (error) {
    if (!(error instanceof NodeError)) throw error;
    const loading = error instanceof ServerRefusalError && error.reason === 'loading';
    return { asked, ip: await ipOf(address.host), reason: explainSilence(error), loading };
  }
}

async function ipOf(host: string): Promise<string> {
  try {
    return await resolveHost(host);
  } catch (error) {
    if (error instanceof NodeError) return host;
    throw error;
  }
}

const ASK_AGAIN_AFTER_MS = 200;

/** A node that loads its data is waited for; who is silent for another reason is not. */
export async function probeUntilLoaded(
  fleet: Fleet,
  asked: readonly Address[],
  { timeoutMs, nowMs }: { readonly timeoutMs: number; readonly nowMs: () => number },
): Promise<Applicant[]> {
  const deadline = nowMs() + timeoutMs;
  let nodes = await Promise.all(asked.map(node => probe(fleet, node)));
  while (nodes.some(isLoading) && nowMs() < deadline) {
    await sleep(ASK_AGAIN_AFTER_MS);
    nodes = await Promise.all(nodes.map(node => (isLoading(node) ? probe(fleet, node.asked) : node)));
  }
  return nodes;
}

function isLoading(node: Applicant): boolean {
  return isSilent(node) && node.loading;
}

/**
 * Where others find the node: at what it announces, or else where we found it. What it says of itself without having
 * been told so is only where somebody once met it.
 */
async function meetingPoint(
  { address, self, busPort }: NodeView,
  announcedIp: string | undefined,
): Promise<MeetingPoint> {
  const port = self.address?.port ?? address.port;
  return {
    ip: await resolveHost(announcedIp || address.host),
    port,
    busPort: busPort ?? address.busPort ?? port + USUAL_BUS_OFFSET,
  };
}
