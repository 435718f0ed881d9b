/** A real client that writes and reads all the time, and knows what it may see. */
import { Cluster } from 'ioredis';
import type { TestCluster } from './cluster.ts';

const WORKERS = 8;
const KEYS_EACH = 150;

interface Written {
  /** The last value that was acknowledged, and the last that was sent. */
  acknowledged: number;
  sent: number;
}

/** Each worker has keys of its own, so it may read nothing older than what it was told is written. */
export class ClientLoad {
  /** What was read and cannot be. */
  readonly wrong: string[] = [];
  /** What the client was told instead of an answer. */
  readonly errors: string[] = [];
  readonly #client: Cluster;
  readonly #written = new Map<string, Written>();
  #workers: Promise<void>[] = [];
  #isOver = false;

  private constructor(cluster: TestCluster) {
    const { host, port } = cluster.member(0);
    this.#client = new Cluster([{ host, port }], { slotsRefreshTimeout: 10_000 });
  }

  /** Returns when the first keys are there, and goes on until it is stopped. */
  static async startOn(cluster: TestCluster): Promise<ClientLoad> {
    const load = new ClientLoad(cluster);
    const names = Array.from({ length: WORKERS * KEYS_EACH }, (_, i) => `key ${i}`);
    await Promise.all(names.map(name => load.#write(name)));
    load.#workers = Array.from({ length: WORKERS }, (_, worker) => load.#work(worker));
    return load;
  }

  /** Reads everything once more; returns how much was written meanwhile. */
  async stop(): Promise<number> {
    this.#isOver = true;
    await Promise.all(this.#workers);
    for (const name of this.#written.keys()) await this.#read(name);
    this.#client.disconnect();
    const all = [...this.#written.values()].reduce((sum, { sent }) => sum + sent, 0);
    return all - WORKERS * KEYS_EACH;
  }

  /** Changes what is there, and makes new keys, also in slots that were empty. */
  async #work(worker: number): Promise<void> {
    for (let i = 0; !this.#isOver; i++) {
      const name = `key ${worker * KEYS_EACH + (i % KEYS_EACH)}`;
      await this.#write(name);
      await this.#read(name);
      await this.#write(`new ${worker} ${i}`);
    }
  }

  async #write(name: string): Promise<void> {
    const known = this.#written.get(name) ?? { acknowledged: 0, sent: 0 };
    this.#written.set(name, known);
    const value = ++known.sent;
    try {
      await this.#client.set(name, value);
      known.acknowledged = value;
    } catch (error) {
      this.errors.push(`${name}: ${error}`);
    }
  }

  async #read(name: string): Promise<void> {
    const known = this.#written.get(name);
    if (!known) return;
    try {
      const value = Number((await this.#client.get(name)) ?? 0);
      if (value < known.acknowledged || value > known.sent)
        this.wrong.push(`${name}: read ${value}, ${known.acknowledged} was acknowledged`);
    } catch (error) {
      this.errors.push(`${name}: ${error}`);
    }
  }
}
