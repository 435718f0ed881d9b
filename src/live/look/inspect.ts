/**
 * Looks at a cluster through every one of its nodes at the same time. The entry node names the others; whatever any of
 * them names is asked as soon as it is named, so the picture does not depend on who was asked first, and nodes that do
 * not answer are waited for together. They are part of the result, with the reason; only the entry node has to answer.
 */
import { isRefused, NodeError, ProtocolError } from '../../resp/errors.ts';
import type { Fleet, NodeRef } from '../../resp/fleet.ts';
import { KnownLines } from '../../resp/known-lines.ts';
import { type Address, type ClusterNode, formatAddress, type NodeId } from '../../topology/node.ts';
import type { ClusterSnapshot, NodeView, UnreachableNode } from '../../topology/snapshot.ts';
import { explainSilence, ifAnswered, look, refusedIn } from './look-at-node.ts';

/** Several times as many as the largest clusters have. Whoever names more means harm: nothing is concluded from that. */
export const MAX_NODES = 3000;
/** Places to connect to: a node may be named at more than one, while it moves. */
export const MAX_PLACES = 2 * MAX_NODES;
/** Nodes that are named one after the other, each as late as it may answer, are not followed for ever. */
const MAX_LOOKS_IN_TURN = 10;

/** The entry node itself gave no view of a cluster. */
export class EntryNodeError extends Error {
  readonly node: string;

  constructor(node: string, problem: string, cause: NodeError) {
    super(`${node}: ${problem}`, { cause });
    this.name = 'EntryNodeError';
    this.node = node;
  }
}

export interface InspectListener {
  /** How many attempts have ended, of how many that were begun so far. */
  progress(done: number, total: number): void;
}

/** Through the entry node, or another one where that is gone meanwhile. */
export async function inspect(
  fleet: Fleet,
  listener?: InspectListener,
  first: NodeRef = 'entry',
): Promise<ClusterSnapshot> {
  const survey = new Survey(fleet, listener);
  const entry = await survey.begin(first);
  await Promise.all([survey.follow(entry), survey.lookBehindAnnouncement(entry)]);
  await survey.lookForTheLost();
  return survey.result(entry);
}

function tooMuch(speaker: Address, what: string): EntryNodeError {
  const node = formatAddress(speaker);
  const problem = `with what it reports there would be more than ${what}, which cannot be a cluster; nothing was concluded from it`;
  return new EntryNodeError(node, problem, new ProtocolError(node, problem));
}

class Survey {
  readonly #fleet: Fleet;
  readonly #listener: InspectListener | undefined;
  readonly #known = new KnownLines();
  readonly #views = new Map<NodeId, NodeView>();
  readonly #lost = new Map<NodeId, UnreachableNode>();
  /** Node and address: one may be named at several, and be found at the last of them only. */
  readonly #attempts = new Set<string>();
  readonly #named = new Set<NodeId>();
  /** By where it goes: whoever is named at several nodes' places, or under several ids, is asked once. */
  readonly #looks = new Map<string, Promise<NodeView>>();
  readonly #begunAt = performance.now();
  /** Lists that have been gone through; views that say the same share one. */
  readonly #followed = new Set<readonly ClusterNode[]>();
  /** The entry node is done before anybody else is begun. */
  #done = 1;
  /** What was found where the entry node announces itself. */
  #announcement: NodeView | undefined;

  constructor(fleet: Fleet, listener: InspectListener | undefined) {
    this.#fleet = fleet;
    this.#listener = listener;
  }

  async begin(node: NodeRef): Promise<NodeView> {
    try {
      const looking = look(this.#fleet, node, this.#known);
      const view = await looking;
      this.#looks.set(this.#fleet.placeOf(view.address), looking);
      if (node === 'entry') this.#fleet.adoptEntry(view.address);
      this.#views.set(view.id, view);
      return view;
    } catch (error) {
      if (!(error instanceof NodeError)) throw error;
      throw new EntryNodeError(error.node, explainSilence(error), error);
    }
  }

  /**
   * The others send clients to where the entry node announces itself, which need not be where it was found. Somebody
   * who asks another node will see whether it is there, so it is looked at from here too.
   */
  async lookBehindAnnouncement({ address, self }: NodeView): Promise<void> {
    if (!self.address || this.#fleet.entry.kind === 'unix') return;
    const announced = formatAddress(self.address);
    if (announced === formatAddress(address)) return;
    if (announced === formatAddress(this.#fleet.announcedAddress(address))) return;
    this.#announcement = await this.#tryToLook(self);
  }

  /** Asks everybody whom the view names, and then everybody whom those name. */
  async follow({ nodes, address }: NodeView): Promise<void> {
    if (this.#followed.has(nodes)) return;
    this.#followed.add(nodes);
    await Promise.all(nodes.map(node => this.#visit(node, address)));
  }

  /**
   * Nodes drop the address of one at whose place another answers, and its replicas remember it: who is there now is the
   * node to ask about, for the old one will not come back.
   */
  async lookForTheLost(): Promise<void> {
    const lost = [...this.#lost.values()].filter(({ id, address }) => !address && !this.#views.has(id));
    await Promise.all(
      lost.map(async ({ id }) => {
        const lastAt = this.#lastPlaceOf(id);
        const there = lastAt && (await this.#whoIsAt(lastAt));
        if (!there || there === id) return;
        const reason = `its address is unknown; where its replica last found it (${formatAddress(lastAt)}), another node answers (${there})`;
        this.#lost.set(id, { id, reason, replacedBy: there, lastAt });
      }),
    );
  }

  #lastPlaceOf(id: NodeId): Address | undefined {
    for (const { self, server } of this.#views.values()) {
      const isIts = self.role === 'replica' && self.primary === id && server.replication.role === 'replica';
      if (isIts && server.replication.source) return server.replication.source;
    }
    return undefined;
  }

  /** As all who are asked: each place once, not more places than a cluster has, and nobody when the time is up. */
  async #whoIsAt(address: Address): Promise<NodeId | undefined> {
    const isKnown = this.#looks.has(this.#fleet.placeOf(address));
    if (!isKnown && (this.#looks.size >= MAX_PLACES || this.#isLate)) return undefined;
    return (await ifAnswered(this.#lookAt(address)))?.id;
  }

  result(entry: NodeView): ClusterSnapshot {
    // In the order of ids and not of arrival, so that the same cluster makes the same snapshot.
    const byId = (a: { id: NodeId }, b: { id: NodeId }) => (a.id < b.id ? -1 : 1);
    const others = [...this.#views.values()].filter(view => view !== entry).sort(byId);
    const unreachable = [...this.#lost.values()]
      .filter(({ id }) => !this.#views.has(id) || (id === entry.id && !this.#announcement))
      .sort(byId);
    return { entry: entry.id, views: [entry, ...others], unreachable };
  }

  async #visit(node: ClusterNode, speaker: Address): Promise<void> {
    const { id, address } = node;
    // A node that has answered need not be asked again, and a handshake is no member.
    if (this.#views.has(id)) return;
    this.#named.add(id);
    // Leaving some of them out would make a picture of another cluster.
    if (this.#named.size > MAX_NODES) throw tooMuch(speaker, `${MAX_NODES} nodes`);
    if (node.role === 'stranger' && node.handshake) return;
    const attempt = `${id} ${address ? formatAddress(address) : ''}`;
    if (this.#attempts.has(attempt)) return;
    this.#attempts.add(attempt);
    if (this.#looks.size >= MAX_PLACES) throw tooMuch(speaker, `${MAX_PLACES} addresses`);
    const view = await this.#tryToLook(node);
    this.#listener?.progress(++this.#done, this.#attempts.size + 1);
    if (!view || this.#views.has(id)) return;
    this.#views.set(id, view);
    await this.follow(view);
  }

  #lookAt(address: Address): Promise<NodeView> {
    const place = this.#fleet.placeOf(address);
    const begun = this.#looks.get(place);
    if (begun) return begun;
    const looking = look(this.#fleet, address, this.#known);
    this.#looks.set(place, looking);
    return looking;
  }

  get #limitMs(): number {
    return MAX_LOOKS_IN_TURN * this.#fleet.lookLimitMs;
  }

  get #isLate(): boolean {
    return performance.now() - this.#begunAt > this.#limitMs;
  }

  async #tryToLook({ id, address }: ClusterNode): Promise<NodeView | undefined> {
    if (!address) {
      this.#lose({ id, reason: 'its address is unknown' });
      return undefined;
    }
    const mapped = this.#fleet.reachedAt(address);
    const where = { id, address, ...(mapped && { reachedAt: mapped.at, mapLine: mapped.line }) };
    if (this.#isLate) {
      const reason = `it was not asked: it was named only after asking the others had taken ${Math.round(this.#limitMs / 1000)} s`;
      this.#lose({ ...where, reason });
      return undefined;
    }
    try {
      const view = await this.#lookAt(address);
      if (view.id === id) return view;
      this.#lose({ ...where, reason: `another node answers there (${view.id})`, replacedBy: view.id });
    } catch (error) {
      if (!(error instanceof NodeError)) throw error;
      const refused = refusedIn(error);
      this.#lose({
        ...where,
        reason: explainSilence(error),
        ...(isRefused(error, 'loading') && { loading: true as const }),
        ...(refused && { refused }),
      });
    }
    return undefined;
  }

  /** Of several vain attempts one is told: not the last to end, which is chance, but the first by address. */
  #lose(node: UnreachableNode): void {
    const known = this.#lost.get(node.id)?.address;
    const comesFirst = !known || (node.address && formatAddress(node.address) < formatAddress(known));
    if (comesFirst) this.#lost.set(node.id, node);
  }
}
