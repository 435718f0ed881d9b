/**
 * Watches nodes beside the work that sends keys to them: whether they have begun to evict, are about to, or were started
 * again, from which they may have come back empty. On connections of its own, since the shared ones wait for long commands,
 * and are not opened again once they have failed. Whoever sends keys asks for `alarm` before each portion, which costs nothing.
 */
import { info } from '../../resp/commands/cluster.ts';
import { ConnectionLostError, InterruptedError, NodeError } from '../../resp/errors.ts';
import type { Fleet, Lane } from '../../resp/fleet.ts';
import type { Address, NodeId } from '../../topology/node.ts';
import { type Alarm, alarmOf, changeOf, type ServerChange } from '../../topology/server-changes.ts';
import type { ClusterSnapshot, NodeView, ServerFacts } from '../../topology/snapshot.ts';
import { EntryNodeError } from '../look/inspect.ts';

/** INFO takes a server about a tenth of a millisecond. What comes in between may be evicted before we hear of it. */
const LOOK_EVERY_MS = 50;

/** To be watched for one piece of work. */
export interface Parties {
  /** Watched for restarts only: what they evict they would have evicted anyway. */
  readonly sources: readonly NodeId[];
  readonly targets: readonly NodeId[];
}

export interface Guard {
  /** As of the last look; the first one is over before there is a guard. */
  readonly alarm: Alarm | undefined;
  /** Another look, now. */
  look(): Promise<void>;
  end(): void;
}

interface WatchOptions {
  /** Whoever insists has targets evict: only restarts raise an alarm. */
  readonly mayEvict: boolean;
}

/** One node under watch, by as many pieces of work as there are. */
interface Post {
  readonly view: NodeView;
  guards: number;
  lane?: Lane | undefined;
  latest?: ServerFacts;
  looking?: Promise<void> | undefined;
}

export class NodeWatch {
  readonly #fleet: Fleet;
  readonly #views: ReadonlyMap<NodeId, NodeView>;
  readonly #options: WatchOptions;
  readonly #posts = new Map<NodeId, Post>();
  /** The last that each of them has said of itself, also when nobody has it watched any more. */
  readonly #seen = new Map<NodeId, ServerFacts>();
  #patrol: NodeJS.Timeout | undefined;

  /** `before`: the look that everything is compared with. Nodes that are not in it are not watched. */
  constructor(fleet: Fleet, before: Pick<ClusterSnapshot, 'views'>, options: WatchOptions) {
    this.#fleet = fleet;
    this.#views = new Map(before.views.map(view => [view.id, view]));
    this.#options = options;
  }

  async over({ sources, targets }: Parties): Promise<Guard> {
    const posts = [...new Set([...sources, ...targets])].flatMap(id => this.#post(id) ?? []);
    for (const post of posts) post.guards++;
    const look = async () => void (await Promise.all(posts.map(post => this.#look(post))));
    await look();
    this.#begin();
    const { mayEvict } = this.#options;
    const getsKeys = new Set(mayEvict ? [] : targets);
    return {
      get alarm() {
        for (const { view, latest } of posts) {
          const alarm = latest && alarmOf(view, latest, { getsKeys: getsKeys.has(view.id) });
          if (alarm) return alarm;
        }
        return undefined;
      },
      look,
      end: () => {
        for (const post of posts) this.#leave(post);
      },
    };
  }

  /** The last look, when all is over: at each of these. Of one that is silent, what was seen of it before counts. */
  async changes(nodes: Iterable<NodeId>): Promise<ServerChange[]> {
    const views = [...new Set(nodes)].flatMap(id => this.#views.get(id) ?? []);
    const found = await Promise.all(
      views.map(async view => {
        const now = (await askAtLast(this.#fleet, view.address)) ?? this.#seen.get(view.id);
        return now && changeOf(view, now);
      }),
    );
    return found.filter(change => change !== undefined);
  }

  #post(id: NodeId): Post | undefined {
    const known = this.#posts.get(id);
    const view = this.#views.get(id);
    // One that does not tell its vital signs has nothing to be compared with.
    if (known || !view?.server.vitals) return known;
    const post = { view, guards: 0 };
    this.#posts.set(id, post);
    return post;
  }

  #leave(post: Post): void {
    post.guards--;
    if (post.guards > 0) return;
    this.#posts.delete(post.view.id);
    post.lane?.close();
    if (this.#posts.size > 0) return;
    clearInterval(this.#patrol);
    this.#patrol = undefined;
  }

  #begin(): void {
    if (this.#patrol || this.#posts.size === 0) return;
    this.#patrol = setInterval(() => {
      // Not waited for: one that hangs must not keep us from the others.
      for (const post of this.#posts.values()) this.#look(post).catch(() => {});
    }, LOOK_EVERY_MS);
  }

  /** One at a time: a node that has not answered yet is not asked again. */
  #look(post: Post): Promise<void> {
    post.looking ??= this.#ask(post).finally(() => {
      post.looking = undefined;
    });
    return post.looking;
  }

  /** Silence is for those to complain of who need an answer; the next look is on a new connection. */
  async #ask(post: Post): Promise<void> {
    post.lane ??= this.#fleet.lane(post.view.address);
    const facts = await unlessSilent(post.lane.send(info()));
    if (facts) {
      post.latest = facts;
      this.#seen.set(post.view.id, facts);
      return;
    }
    post.lane?.close();
    post.lane = undefined;
  }
}

/** On the shared connection, and where that broke when the node was restarted, on a new one. */
export async function askAtLast(fleet: Fleet, address: Address): Promise<ServerFacts | undefined> {
  fleet.renew(address);
  try {
    return await fleet.send(address, info());
  } catch (error) {
    if (!(error instanceof ConnectionLostError)) return unlessSilent(Promise.reject(error));
  }
  const lane = fleet.lane(address);
  try {
    return await unlessSilent(lane.send(info()));
  } finally {
    lane.close();
  }
}

/** Silence is for others to complain of, and so is the second Ctrl-C. */
export async function unlessSilent<T>(reply: Promise<T>): Promise<T | undefined> {
  try {
    return await reply;
  } catch (error) {
    const isSilence =
      error instanceof NodeError || error instanceof InterruptedError || error instanceof EntryNodeError;
    if (isSilence) return undefined;
    throw error;
  }
}
