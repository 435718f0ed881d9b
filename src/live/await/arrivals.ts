/**
 * Nodes that come into a cluster by themselves, because somebody has let them meet a moment ago. Whether a node is banned
 * can only be asked by telling a server to forget it; if it came in between the last look and that, it would be forgotten
 * indeed, and banned for a minute. So those who are on their way are let come in first.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { clusterNodes } from '../../resp/commands/cluster.ts';
import { unlessRefused } from '../../resp/errors.ts';
import type { Fleet } from '../../resp/fleet.ts';
import { KnownLines } from '../../resp/known-lines.ts';
import type { Member } from '../../topology/agreement.ts';
import type { NodeId } from '../../topology/node.ts';
import { hasHandshakes } from './introduce.ts';

const LOOK_EVERY_MS = 50;
/** A handshake takes a tenth of a second where messages get through; after this nobody comes any more. */
const STILL_MS = 1500;
/** Somebody may go on coming and going for as long as it is banned. */
const LONGEST_MS = 10_000;

export async function awaitArrivals(
  fleet: Fleet,
  members: readonly Member[],
  newcomers: readonly NodeId[],
  nowMs: () => number,
): Promise<void> {
  const beganAt = nowMs();
  const known = new KnownLines();
  for (let before = '', since = beganAt; nowMs() - beganAt < LONGEST_MS; ) {
    const answers = await Promise.all(
      members.map(({ address }) => unlessRefused(fleet.send(address, clusterNodes(known)), 'loading')),
    );
    const lists = answers.filter(answer => answer !== undefined);
    const arrivals = lists.filter(({ self }) => newcomers.includes(self.id));
    const hosts = lists.filter(({ self }) => !newcomers.includes(self.id));
    const isComing = arrivals.some(({ nodes }) => nodes.length > 1) || hosts.some(hasHandshakes);
    const missing = hosts.map(({ nodes }) => newcomers.filter(id => !nodes.some(node => node.id === id)));
    if (!isComing || missing.every(ids => ids.length === 0)) return;
    const picture = missing.join(' ');
    if (picture !== before) since = nowMs();
    else if (nowMs() - since >= STILL_MS) return;
    before = picture;
    await sleep(LOOK_EVERY_MS);
  }
}
