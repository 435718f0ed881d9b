/** Looks at nodes that somebody wants to join, each on its own: they need not know each other. */
import { setTimeout as sleep } from 'node:timers/promises';
import { busyness } from '../../resp/commands/cluster.ts';
import { configGet, functionLibraries } from '../../resp/commands/membership.ts';
import { isRefused, NodeError } from '../../resp/errors.ts';
import type { Fleet } from '../../resp/fleet.ts';
import { KnownLines } from '../../resp/known-lines.ts';
import { resolveHost } from '../../resp/resolve-host.ts';
import { type Applicant, isCandidate } from '../../topology/candidate.ts';
import { type Address, formatAddress, type MeetingPoint, USUAL_BUS_OFFSET } from '../../topology/node.ts';
import type { NodeView } from '../../topology/snapshot.ts';
import { explainSilence, ifAnswered, ifTold, look, sendsTls } from './look-at-node.ts';

/** `asked` as the person wrote it; behind NAT that is not where the nodes find each other. */
export async function probe(fleet: Fleet, asked: Address): Promise<Applicant> {
  const address = fleet.announcedAddress(asked);
  fleet.trust(address);
  try {
    const [view, functions, tls, announced] = await Promise.all([
      look(fleet, address, new KnownLines()),
      ifTold(fleet.send(address, functionLibraries())),
      sendsTls(fleet, address),
      ifTold(fleet.send(address, configGet('cluster-announce-ip'))),
    ]);
    return {
      asked,
      view,
      meetAt: await meetingPoint(view, announced),
      ...(functions && { functions }),
      ...(tls !== undefined && { tlsBus: tls }),
    };
  } catch (error) {
    if (!(error instanceof NodeError)) throw error;
    const ip = (await ifAnswered(resolveHost(address.host))) ?? address.host;
    return {
      asked,
      ip,
      reason: explainSilence(error),
      loading: isRefused(error, 'loading'),
      ...(isRefused(error, 'no-cluster') && { hasNoCluster: true }),
    };
  }
}

const ASK_AGAIN_AFTER_MS = 200;

/**
 * A node that loads its data is waited for, and so is one that shakes hands with somebody who is not among them: that
 * comes to nothing in the end, or makes it known who that is. Who is silent for another reason is not waited for.
 */
export async function probeUntilSettled(
  fleet: Fleet,
  asked: readonly Address[],
  { timeoutMs, nowMs }: { readonly timeoutMs: number; readonly nowMs: () => number },
): Promise<Applicant[]> {
  let deadline = nowMs() + timeoutMs;
  let loaded = 0;
  let nodes = await Promise.all(asked.map(node => probe(fleet, node)));
  for (;;) {
    const listed = new Set(nodes.flatMap(placesOf));
    const unsettled = (node: Applicant) =>
      isCandidate(node) ? meetsStranger(node.view, listed) : node.loading;
    const loadedNow = await loadedBytes(
      fleet,
      nodes.filter(node => !isCandidate(node) && node.loading),
    );
    // Who gets on with loading is waited for as long as that takes.
    if (loadedNow > loaded) deadline = nowMs() + timeoutMs;
    loaded = Math.max(loaded, loadedNow);
    if (!nodes.some(unsettled) || nowMs() >= deadline) return nodes;
    await sleep(ASK_AGAIN_AFTER_MS);
    nodes = await Promise.all(nodes.map(node => (unsettled(node) ? probe(fleet, node.asked) : node)));
  }
}

async function loadedBytes(fleet: Fleet, nodes: readonly Applicant[]): Promise<number> {
  const answers = await Promise.all(
    nodes.map(({ asked }) => ifAnswered(fleet.send(fleet.announcedAddress(asked), busyness()))),
  );
  return answers.reduce((sum, told) => sum + (told?.loading?.loadedBytes ?? 0), 0);
}

function placesOf(node: Applicant): string[] {
  const ip = isCandidate(node) ? node.meetAt.ip : node.ip;
  return [formatAddress(node.asked), formatAddress({ host: ip, port: node.asked.port })];
}

function meetsStranger({ nodes }: NodeView, listed: ReadonlySet<string>): boolean {
  return nodes.some(
    node =>
      node.role === 'stranger' && node.handshake && node.address && !listed.has(formatAddress(node.address)),
  );
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
