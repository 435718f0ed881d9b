/**
 * Brings nodes to know each other, and waits until they agree. Left alone, gossip takes tens of seconds for what can be
 * had in one: a MEET carries its sender's header (role, slots, epoch) to the node that it is sent to, so whoever lacks
 * a fact is met by the node that the fact is about.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Note } from '../../plan/note.ts';
import { type NodeError, ReplyTimeoutError } from '../../resp/errors.ts';
import type { Fleet } from '../../resp/fleet.ts';
import { copiesAmong, type Gap, gapsAmong, type Member, type Scope } from '../../topology/agreement.ts';
import { type Copy, CopyWatch } from '../../topology/full-sync.ts';
import type { Address, NodeId } from '../../topology/node.ts';
import { Introducer } from './introduce.ts';
import { Glances } from './look-for-agreement.ts';

/** Gossip brings news ten times a second, and a MEET at once. */
const POLL_EVERY_MS = 30;
/** Copies may take hours; then they are not what keeps the servers busy. */
const POLL_COPIES_EVERY_MS = 200;

export interface AgreementWanted extends Omit<Scope, 'members'> {
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

export interface WaitOptions {
  /** For nodes to agree; and between two signs that a copy gets on, where copies are waited for. */
  readonly timeoutMs: number;
  readonly nowMs: () => number;
  /** `copies`: where nothing else is missing. */
  progress(missing: number, copies?: readonly Copy[]): void;
}

/** What a step is carried out with. */
export interface StepRun extends WaitOptions {
  readonly fleet: Fleet;
  at(id: NodeId): Address;
  readonly note: (note: Note) => void;
}

export interface Agreement {
  /** What is still missing when the time is up; nothing, as a rule. */
  readonly gaps: readonly Gap[];
  /** Copies of all data that are on their way and not waited for. */
  readonly copies: readonly Copy[];
}

export async function awaitAgreement(
  fleet: Fleet,
  { members, introductions, spare, stateless, ...scope }: AgreementWanted,
  { timeoutMs, nowMs, progress }: WaitOptions,
): Promise<Agreement> {
  const glances = new Glances(fleet);
  const silent = new Map<NodeId, NodeError>();
  const mayBeSilent = ({ id }: Member) => spare !== undefined && !(scope.concerned?.has(id) ?? true);
  const go = new Introducer(fleet, members, nowMs);
  const timeLeft = new TimeLeft(timeoutMs, nowMs());
  await Promise.all(introductions.map(({ from, to }) => go.introduce(from.id, to.id, to.meetAt)));
  let copying: readonly Copy[] = [];
  for (let asked = members; ; ) {
    const askedAt = nowMs();
    await glances.take(asked, (member, error) => {
      // Emptying itself, or reading in something large, a replica may answer nobody for a while.
      const isBusy = error instanceof ReplyTimeoutError && takesPart(copying, member.id);
      if (!isBusy && !mayBeSilent(member)) throw error;
      if (isBusy) fleet.renew(member.address);
      else silent.set(member.id, error);
      return isBusy ? 'keep' : 'drop';
    });
    if (copying.length > 0) await glances.askWhatBusies(members.filter(({ id }) => takesPart(copying, id)));
    const ids = members.map(member => member.id).filter(id => !silent.has(id));
    const wantsOk = scope.wantsOk && silent.size === 0;
    const gaps = gapsAmong(glances.all, { ...scope, wantsOk, members: ids });
    copying = gaps.flatMap(gap => (gap.kind === 'copying' ? gap.copy : []));
    const isOnlyCopies = copying.length > 0 && copying.length === gaps.length;
    const everybodyWasAsked = asked.length === members.length;
    if ((gaps.length === 0 && everybodyWasAsked) || timeLeft.isOver(isOnlyCopies, copying, nowMs())) {
      for (const error of silent.values()) spare?.(error);
      const untold = glances.all.filter(({ state, isMute = false }) => state === undefined && !isMute);
      if (wantsOk && untold.length > 0)
        stateless?.(members.filter(({ id }) => untold.some(seen => seen.id === id)));
      return { gaps, copies: copiesAmong(glances.all, scope) };
    }
    if (gaps.length > 0) {
      progress(gaps.length, isOnlyCopies ? copying : undefined);
      await go.close(gaps, glances.all);
      // Where asking takes long, because there are so many nodes, it must not be all that they do.
      await sleep(Math.max(isOnlyCopies ? POLL_COPIES_EVERY_MS : POLL_EVERY_MS, nowMs() - askedAt));
    }
    // Only those who lack something, and when they have it everybody once more.
    asked = gaps.length > 0 ? members.filter(member => gaps.some(gap => isAbout(gap, member.id))) : members;
  }
}

function isAbout(gap: Gap, id: NodeId): boolean {
  return gap.who === id || ((gap.kind === 'no-data' || gap.kind === 'copying') && gap.about === id);
}

function takesPart(copies: readonly Copy[], id: NodeId): boolean {
  return copies.some(({ replica, primary }) => replica === id || primary === id);
}

/** The nodes may take so long to agree; and a copy that gets on takes as long as it takes. */
class TimeLeft {
  readonly #timeoutMs: number;
  readonly #copies = new CopyWatch();
  #leftMs: number;
  #lookedAt: number;
  #gotOnAt: number;

  constructor(timeoutMs: number, now: number) {
    this.#timeoutMs = timeoutMs;
    this.#leftMs = timeoutMs;
    this.#lookedAt = now;
    this.#gotOnAt = now;
  }

  /** What is looked at is told of each time. */
  isOver(isOnlyCopies: boolean, copies: readonly Copy[], now: number): boolean {
    if (this.#copies.gets(copies)) this.#gotOnAt = now;
    if (!isOnlyCopies) this.#leftMs -= now - this.#lookedAt;
    this.#lookedAt = now;
    return isOnlyCopies ? now - this.#gotOnAt >= this.#timeoutMs : this.#leftMs <= 0;
  }
}
