/** Somebody who uses the cluster while it is worked on, and remembers what was acknowledged. */
import { ErrorReply, type Reply } from '../../../src/resp/reply.ts';
import { answer, HANGS_UP } from './answer.ts';
import type { SimulatedCluster } from './cluster.ts';
import type { SimulatedNode } from './node.ts';
import { Session } from './session.ts';

const MOST_REDIRECTIONS = 8;

export class SimulatedClient {
  readonly #cluster: SimulatedCluster;
  /** Undefined for a key that was deleted. */
  readonly acknowledged = new Map<string, string | undefined>();
  #writes = 0;

  constructor(cluster: SimulatedCluster) {
    this.#cluster = cluster;
  }

  /** As a cluster client does: it goes where it is sent, and tells what it was told in the end. */
  ask(...words: string[]): Reply {
    let node = this.#cluster.nodes.find(candidate => candidate.isUp);
    let asking = false;
    let reply: Reply = null;
    for (let tries = 0; node && tries < MOST_REDIRECTIONS; tries++) {
      if (!node.isUp) return new ErrorReply('ERR connection refused');
      const session = new Session();
      session.asking = asking;
      const said = answer(node, session, words, this.#cluster);
      if (said === HANGS_UP) return new ErrorReply('ERR connection closed');
      reply = said;
      const sentTo = reply instanceof ErrorReply ? /^(MOVED|ASK) \d+ (.+):(\d+)$/.exec(reply.text) : null;
      if (!sentTo) return reply;
      asking = sentTo[1] === 'ASK';
      node = this.#cluster.nodeAt(sentTo[2] ?? '', Number(sentTo[3]));
    }
    return reply;
  }

  write(key: string): void {
    const content = `${key} ${this.#writes++}`;
    const reply = this.ask('SET', key, content);
    if (!(reply instanceof ErrorReply)) this.acknowledged.set(key, content);
  }

  delete(key: string): void {
    if (!(this.ask('DEL', key) instanceof ErrorReply)) this.acknowledged.set(key, undefined);
  }

  /** Written before anything begins. */
  fill(keys: readonly string[]): void {
    for (const key of keys) {
      this.write(key);
      if (!this.acknowledged.has(key)) throw new Error(`${key} could not be written`);
    }
  }

  /** Acknowledged values that are gone from every node, whether or not it can be asked for them now. */
  lost(): string[] {
    const held = (key: string, content: string) =>
      this.#cluster.nodes.some(node => holds(node, key, content));
    return [...this.acknowledged].flatMap(([key, content]) =>
      content === undefined || held(key, content) ? [] : [key],
    );
  }

  /** Acknowledged values that are not what a client is given. */
  astray(): string[] {
    return [...this.acknowledged].flatMap(([key, content]) => {
      const reply = this.ask('GET', key);
      if (Buffer.isBuffer(reply) ? reply.toString('latin1') === content : reply === (content ?? null))
        return [];
      return [`${key}: ${reply instanceof ErrorReply ? reply.text : String(reply)}`];
    });
  }
}

function holds({ data }: SimulatedNode, key: string, content: string): boolean {
  return data.get(0, key)?.content === content;
}
