/**
 * Brings nodes to know each other, and waits until they agree. Left alone, gossip takes tens of seconds for what can be
 * had in one: a MEET carries its sender's header (role, slots, epoch) to the node that it is sent to, so whoever lacks
 * a fact is met by the node that the fact is about.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { clusterNodes, clusterState, replicationInfo } from '../resp/commands.ts';
import { NodeError, ServerRefusalError } from '../resp/errors.ts';
import type { Fleet } from '../resp/fleet.ts';
import { KnownLines } from '../resp/known-lines.ts';
import { meet } from '../resp/membership-commands.ts';
import { type Gap, type Glance, gapsAmong, type Member, type Scope } from '../topology/agreement.ts';
import { formatAddress, type MeetingPoint, type NodeId } from '../topology/node.ts';

const POLL_EVERY_MS = 30;
/** A handshake is begun within 100 ms, the server's cron; asking sooner makes handshakes collide. */
const MEET_AGAIN_AFTER_MS = 150;

export interface Gathering extends Omit<Scope, 'members'> {
  readonly members: readonly Member[];
  /** Who meets whom to begin with. */
  readonly introductions: readonly { readonly from: Member; readonly to: Member }[];
  /**
   * Told of each of the others than those concerned who does not answer, instead of failing: they are left out, and as
   * the cluster may be down without them, nobody has to say that it is not.
   */
  readonly spare?: (error: NodeError) => void;
  /** Told at the end whom nobody may ask for its cluster state, where all of them are to say that it is ok. */
  readonly stateless?: (members: readonly Member[]) => void;
}

export interface Patience {
  readonly timeoutMs: number;
  readonly nowMs: () => number;
  progress(missing: number): void;
}

/** Returns what is still missing when the time is up; nothing, as a rule. */
export async function awaitAgreement(
  fleet: Fleet,
  { members, introductions, spare, stateless, ...scope }: Gathering,
  { timeoutMs, nowMs, progress }: Patience,
): Promise<Gap[]> {
  const deadline = nowMs() + timeoutMs;
  const latest = new Map<NodeId, Glance>();
  const silent = new Map<NodeId, NodeError>();
  const mayBeSilent = ({ id }: Member) => spare !== undefined && !(scope.concerned?.has(id) ?? true);
  const go = new Introducer(fleet, members, nowMs);
  await Promise.all(introductions.map(({ from, to }) => go.introduce(from.id, to.id, to.meetAt)));
  for (let asked = members; ; ) {
    const askedAt = nowMs();
    await glanceAt(fleet, asked, latest, (member, error) => {
      if (!mayBeSilent(member)) throw error;
      latest.delete(member.id);
      silent.set(member.id, error);
    });
    const ids = members.map(member => member.id).filter(id => !silent.has(id));
    const wantsOk = scope.wantsOk && silent.size === 0;
    const gaps = gapsAmong([...latest.values()], { ...scope, wantsOk, members: ids });
    const everybodyWasAsked = asked.length === members.length;
    if (nowMs() >= deadline || (gaps.length === 0 && everybodyWasAsked)) {
      for (const error of silent.values()) spare?.(error);
      const untold = members.filter(({ id }) => latest.has(id) && latest.get(id)?.state === undefined);
      if (wantsOk && untold.length > 0) stateless?.(untold);
      return gaps;
    }
    if (gaps.length > 0) {
      progress(gaps.length);
      await go.close(gaps, [...latest.values()]);
      // Where asking takes long, because there are so many nodes, it must not be all that they do.
      await sleep(Math.max(POLL_EVERY_MS, nowMs() - askedAt));
    }
    // Only those who lack something, and when they have it everybody once more.
    asked = gaps.length > 0 ? members.filter(member => gaps.some(gap => isAbout(gap, member.id))) : members;
  }
}

const MOST_NAMED = 5;

export function statelessText(members: readonly Member[]): string {
  const named = members.slice(0, MOST_NAMED).map(({ address }) => formatAddress(address));
  const others = members.length > MOST_NAMED ? ` and ${members.length - MOST_NAMED} more` : '';
  return `whether ${named.join(', ')}${others} refuse queries is not known: the user may not ask for CLUSTER INFO (+cluster|info)`;
}

function isAbout(gap: Gap, id: NodeId): boolean {
  return gap.who === id || (gap.kind === 'no-data' && gap.about === id);
}

/** Lets nodes meet: those who lack each other, and those who lack a fact about another. */
class Introducer {
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
        this.introduce(from, to, learnt.get(to) ?? this.#members.get(to)?.meetAt).catch(unlessForbidden),
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

/** Gossip does it too, only later; whoever has moved slots needs no right to introduce anybody. */
function unlessForbidden(error: unknown): undefined {
  if (!(error instanceof ServerRefusalError && error.reason === 'no-right')) throw error;
  return undefined;
}

async function glanceAt(
  fleet: Fleet,
  members: readonly Member[],
  latest: Map<NodeId, Glance>,
  failed: (member: Member, error: NodeError) => void,
): Promise<void> {
  const known = new KnownLines();
  await Promise.all(
    members.map(async member => {
      const seen = await glance(fleet, member, known).catch(error => {
        if (!(error instanceof NodeError)) throw error;
        failed(member, error);
        return undefined;
      });
      const before = latest.get(member.id);
      if (seen) latest.set(member.id, seen);
      else if (before) latest.set(member.id, { ...before, loading: true });
    }),
  );
}

async function glance(fleet: Fleet, { address }: Member, known: KnownLines): Promise<Glance | undefined> {
  try {
    const [{ self, nodes }, state, replication] = await Promise.all([
      fleet.send(address, clusterNodes(known)),
      // Good to know, and no more: roles and slots are told by the others.
      fleet.send(address, clusterState()).catch(unlessForbidden),
      fleet.send(address, replicationInfo()),
    ]);
    return { id: self.id, self, nodes, ...(state && { state }), replication };
  } catch (error) {
    // A new replica loads what its primary sends, and says nothing meanwhile.
    if (error instanceof ServerRefusalError && error.reason === 'loading') return undefined;
    throw error;
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

function hasHandshakes({ nodes }: Glance): boolean {
  return nodes.some(node => node.role === 'stranger' && node.handshake);
}
