/** Lets nodes meet that have to, so that a fact comes to whoever lacks it. */

import { meet } from '../../resp/commands/membership.ts';
import { unlessRefused } from '../../resp/errors.ts';
import type { Fleet } from '../../resp/fleet.ts';
import type { Gap, Glance, Member } from '../../topology/agreement.ts';
import type { MeetingPoint, NodeId } from '../../topology/node.ts';

/** A handshake is begun within 100 ms, the server's cron; asking sooner makes handshakes collide. */
const MEET_AGAIN_AFTER_MS = 150;

/** Lets nodes meet: those who lack each other, and those who lack a fact about another. */
export class Introducer {
  readonly #fleet: Fleet;
  readonly #members: ReadonlyMap<NodeId, Member>;
  readonly #nowMs: () => number;
  readonly #metAt = new Map<string, number>();

  constructor(fleet: Fleet, members: readonly Member[], nowMs: () => number) {
    this.#fleet = fleet;
    this.#members = new Map(members.map(member => [member.id, member]));
    this.#nowMs = nowMs;
  }

  /** Not those who were introduced a moment ago: the message is still on its way. */
  async close(gaps: readonly Gap[], glances: readonly Glance[]): Promise<void> {
    const learnt = learntAddresses(glances);
    const now = this.#nowMs();
    const due = meetings(gaps, glances).filter(
      ([from, to]) => now - (this.#metAt.get(`${from} ${to}`) ?? 0) >= MEET_AGAIN_AFTER_MS,
    );
    await Promise.all(
      due.map(([from, to]) =>
        // Gossip does it too, only later; who has moved slots needs no right to introduce anybody, and who loads cannot.
        unlessRefused(
          this.introduce(from, to, learnt.get(to) ?? this.#members.get(to)?.meetAt),
          'no-permission',
          'loading',
        ),
      ),
    );
  }

  async introduce(from: NodeId, to: NodeId, point: MeetingPoint | undefined): Promise<void> {
    if (!point) return;
    this.#metAt.set(`${from} ${to}`, this.#nowMs());
    const speaker = this.#members.get(from);
    if (speaker) await this.#fleet.send(speaker.address, meet(point));
  }
}

/** Where nodes were found by each other, which is surer than where the person found them. */
function learntAddresses(glances: readonly Glance[]): Map<NodeId, MeetingPoint> {
  const learnt = new Map<NodeId, MeetingPoint>();
  for (const { id: speaker, nodes } of glances) {
    for (const { id, address, linked } of nodes) {
      if (id === speaker || !linked || !address?.busPort || address.host === address.hostname) continue;
      learnt.set(id, { ip: address.host, port: address.port, busPort: address.busPort });
    }
  }
  return learnt;
}

/** Who has to meet whom: from the one whose header is missing to the one who lacks it. */
function meetings(gaps: readonly Gap[], glances: readonly Glance[]): [from: NodeId, to: NodeId][] {
  const shaking = new Set(glances.filter(hasHandshakes).map(seen => seen.id));
  const pairs = new Map<string, [NodeId, NodeId]>();
  for (const gap of gaps) {
    if (gap.kind !== 'unknown' && gap.kind !== 'outdated') continue;
    const { kind, who, about } = gap;
    // Two strangers who begin to shake hands from both sides get in each other's way.
    if (kind === 'unknown' && shaking.has(who)) continue;
    const key = kind === 'unknown' ? [who, about].sort().join() : `${about} ${who}`;
    if (!pairs.has(key)) pairs.set(key, [about, who]);
  }
  return [...pairs.values()];
}

export function hasHandshakes({ nodes }: Pick<Glance, 'nodes'>): boolean {
  return nodes.some(node => node.role === 'stranger' && node.handshake);
}
