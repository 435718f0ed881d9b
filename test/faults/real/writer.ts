/** A client that keeps writing, and remembers what it was told. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../../support/simulated/random.ts';
import { keyIn } from '../../support/slot-keys.ts';
import { type Kind, OTHER_KINDS, shownReply, textKind } from './kinds.ts';
import { Entry } from './ledger.ts';
import { Router, type RouterSetup } from './router.ts';

const WORKERS = 8;
/** How long a write may be refused before the client turns to another key. */
const PATIENCE_MS = 400;
const REST_MS = 1;
/** At the end every key must be readable; the longest that servers may take to settle. */
const LAST_PATIENCE_MS = 20_000;

export interface WriterSetup extends RouterSetup {
  /** Where keys are: those that the work is about, several times as often as others. */
  readonly slots: readonly number[];
  readonly random: Random;
  /** Of the texts among the values. */
  readonly textBytes: number;
}

/** A key that does not hold what it should, and in what way. */
export interface Objection {
  readonly entry: Entry;
  readonly text: string;
  /** What was read instead, if something was. */
  readonly shown?: string;
}

export class Writer {
  /** Some that nobody touches until the end, and those of each worker. */
  readonly #still: Entry[] = [];
  readonly #used: Entry[][] = Array.from({ length: WORKERS }, () => []);
  readonly #router: Router;
  readonly #setup: WriterSetup;
  readonly #kinds: readonly Kind[];
  #work: Promise<void>[] = [];
  #isOver = false;
  #names = 0;
  acknowledged = 0;

  constructor(setup: WriterSetup) {
    this.#setup = setup;
    this.#router = new Router(setup);
    this.#kinds = [textKind(setup.textBytes), ...OTHER_KINDS];
  }

  /** Returns when every key has a value, and goes on writing until it is stopped. */
  async start(still: number, used: number): Promise<void> {
    for (let i = 0; i < still; i++) this.#still.push(this.#another());
    for (let i = 0; i < used; i++) this.#used[i % WORKERS]?.push(this.#another());
    await Promise.all(this.entries.map(entry => this.#write(entry, LAST_PATIENCE_MS)));
    this.#work = this.#used.map(own => this.#keepWriting(own));
  }

  get entries(): Entry[] {
    return [...this.#still, ...this.#used.flat()];
  }

  /** Also ends in the middle of a failure. */
  async stop(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#work);
  }

  /** Reads everything; what is not as it was acknowledged. */
  async objections(mayBeLost: (slot: number) => boolean): Promise<Objection[]> {
    const counted = this.entries.filter(({ slot }) => !mayBeLost(slot));
    const objections = await Promise.all(
      counted.map(async entry => {
        const { slot, kind, key } = entry;
        const outcome = await this.#router.perform(slot, kind.read(key), LAST_PATIENCE_MS, false);
        if (outcome.kind !== 'done') return [{ entry, text: `${key} cannot be read: ${outcome.why}` }];
        const shown = shownReply(outcome.reply);
        const text = entry.objection(shown);
        return text === undefined ? [] : [{ entry, text, shown }];
      }),
    );
    return objections.flat();
  }

  /** What a value is that somebody has dumped: it is restored beside its key, and read. */
  async readDumped({ key, slot, kind }: Entry, payload: Buffer): Promise<string> {
    const beside = `${key} dumped`;
    await this.#router.perform(slot, ['RESTORE', beside, '0', payload, 'REPLACE'], LAST_PATIENCE_MS);
    const outcome = await this.#router.perform(slot, kind.read(beside), LAST_PATIENCE_MS, false);
    return outcome.kind === 'done' ? shownReply(outcome.reply) : outcome.why;
  }

  close(): void {
    this.#isOver = true;
    this.#router.close();
  }

  async #keepWriting(own: Entry[]): Promise<void> {
    while (!this.#isOver) {
      const index = this.#setup.random.below(own.length);
      const entry = own[index];
      // Nobody knows what it holds: nothing more could be concluded from it. Its slot gets another key.
      if (!entry || entry.isLeftAlone) {
        this.#still.push(...own.splice(index, 1));
        own.push(this.#another(entry?.slot));
      } else await this.#write(entry, PATIENCE_MS);
      // Without it the client alone would keep the machine busy.
      await sleep(REST_MS);
    }
  }

  async #write(entry: Entry, patienceMs: number): Promise<void> {
    const version = entry.acknowledged + 1;
    const { slot, kind, key } = entry;
    const outcome = await this.#router.perform(slot, kind.write(key, version), patienceMs);
    if (outcome.kind === 'done') {
      entry.wasTold(shownReply(outcome.reply));
      this.acknowledged++;
    } else if (outcome.kind === 'in doubt') entry.inDoubt = version;
  }

  #another(slot = this.#setup.random.pick(this.#setup.slots)): Entry {
    const n = this.#names++;
    return new Entry(keyIn(slot, `${n}`), slot, this.#kinds[n % this.#kinds.length] ?? textKind(0));
  }
}
