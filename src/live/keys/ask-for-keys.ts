/** Asks the owners of keys whether they have them: all owners at once, and many keys of a slot in one command. */
import { countExisting, exists } from '../../resp/commands/fix.ts';
import type { Key } from '../../resp/commands/slots.ts';
import { isRefused, NodeError, ServerRefusalError } from '../../resp/errors.ts';
import type { Fleet } from '../../resp/fleet.ts';
import { keySlot } from '../../topology/key-slot.ts';
import type { Address } from '../../topology/node.ts';
import { askingFirst, type Line } from './asking-first.ts';
import type { Routes } from './routes.ts';
import { TargetLines } from './target-lines.ts';

const KEYS_AT_A_TIME = 128;
/** Commands that go out together. */
const COMMANDS_AT_A_TIME = 1000;

export interface Sought {
  readonly name: Key;
  readonly database: number;
}

/** Those that are there are in none of these. */
export interface NotSeen<T> {
  readonly absent: T[];
  /** Nobody owns their slot, or its owner did not answer, or not that: later it may. */
  readonly unasked: T[];
  /** That we have no right to ask for will not change by waiting. */
  readonly forbidden: T[];
  /** What was said of one of these. */
  refusal?: ServerRefusalError;
}

/** Once. A key whose slot is on its way is looked for at both ends. */
export async function askForKeys<T extends Sought>(
  keys: readonly T[],
  fleet: Fleet,
  routes: Routes,
): Promise<NotSeen<T>> {
  const found: NotSeen<T> = { absent: [], unasked: [], forbidden: [] };
  for (const database of new Set(keys.map(key => key.database))) {
    const some = keys.filter(key => key.database === database);
    const lines = new TargetLines(fleet, database);
    try {
      const { portions, unowned } = portionsOf(some, routes);
      found.unasked.push(...unowned);
      await Promise.all(
        [...portions].map(([owner, own]) => new Search(lines, routes, found).ask(owner, own)),
      );
    } finally {
      lines.close();
    }
  }
  return found;
}

/** By owner; the keys of a portion are of one slot. */
function portionsOf<T extends Sought>(keys: readonly T[], routes: Routes) {
  const bySlot = new Map<number, T[]>();
  for (const key of keys) {
    const slot = keySlot(key.name);
    const own = bySlot.get(slot);
    if (own) own.push(key);
    else bySlot.set(slot, [key]);
  }
  const portions = new Map<Address, (readonly T[])[]>();
  const unowned: T[] = [];
  for (const [slot, own] of bySlot) {
    const owner = routes.ownerOf(slot)?.address;
    if (!owner) {
      unowned.push(...own);
      continue;
    }
    const all = portions.get(owner) ?? [];
    portions.set(owner, all);
    for (let from = 0; from < own.length; from += KEYS_AT_A_TIME)
      all.push(own.slice(from, from + KEYS_AT_A_TIME));
  }
  return { portions, unowned };
}

class Search<T extends Sought> {
  readonly #lines: TargetLines;
  readonly #routes: Routes;
  readonly #found: NotSeen<T>;

  constructor(lines: TargetLines, routes: Routes, found: NotSeen<T>) {
    this.#lines = lines;
    this.#routes = routes;
    this.#found = found;
  }

  async ask(owner: Address, portions: readonly (readonly T[])[]): Promise<void> {
    for (let from = 0; from < portions.length; from += COMMANDS_AT_A_TIME) {
      const some = portions.slice(from, from + COMMANDS_AT_A_TIME);
      const keys = some.flat();
      const doubtful = await this.#at(owner, keys, async line => {
        const counts = await line.sendEach(some.map(own => countExisting(own.map(({ name }) => name))));
        for (const [i, own] of some.entries()) if (counts[i] === 0) this.#found.absent.push(...own);
        // While their slot is on its way, several keys are not answered for together.
        return some.filter((own, i) => counts[i] !== own.length && counts[i] !== 0).flat();
      });
      await this.#askOneByOne(owner, doubtful ?? []);
    }
  }

  async #askOneByOne(owner: Address, keys: readonly T[]): Promise<void> {
    for (let from = 0; from < keys.length; from += COMMANDS_AT_A_TIME) {
      const some = keys.slice(from, from + COMMANDS_AT_A_TIME);
      const answers = await this.#each(owner, some, line => line);
      const sentOn = new Map<Address, T[]>();
      for (const [key, answer] of answers) {
        const isSentOn = isRefused(answer, 'ask');
        const target = isSentOn ? this.#routes.targetOf(keySlot(key.name))?.address : undefined;
        if (target) sentOn.set(target, [...(sentOn.get(target) ?? []), key]);
        else this.#note(key, answer);
      }
      for (const [target, own] of sentOn)
        for (const [key, answer] of await this.#each(target, own, askingFirst)) this.#note(key, answer);
    }
  }

  async #each(
    node: Address,
    keys: readonly T[],
    by: (line: Line) => Line,
  ): Promise<(readonly [T, boolean | ServerRefusalError])[]> {
    const commands = keys.map(({ name }) => exists(name));
    const answers = (await this.#at(node, keys, line => by(line).sendEach(commands))) ?? [];
    return answers.flatMap((answer, i) => (keys[i] ? [[keys[i], answer] as const] : []));
  }

  #note(key: T, answer: boolean | ServerRefusalError): void {
    if (answer === false) this.#found.absent.push(key);
    else if (answer instanceof ServerRefusalError) this.#refused([key], answer);
  }

  #refused(keys: readonly T[], error: NodeError): void {
    const isForbidden = isRefused(error, 'no-permission');
    if (isForbidden) this.#found.refusal = error;
    (isForbidden ? this.#found.forbidden : this.#found.unasked).push(...keys);
  }

  /** Undefined where the node has not answered for these. */
  async #at<R>(node: Address, keys: readonly T[], work: (line: Line) => Promise<R>): Promise<R | undefined> {
    try {
      return await work(await this.#lines.to(node));
    } catch (error) {
      if (!(error instanceof NodeError)) throw error;
      this.#lines.drop(node);
      this.#refused(keys, error);
      return undefined;
    }
  }
}
