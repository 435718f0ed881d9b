const SHORTEST_SCRUBBED = 6;

/** A password that cannot be printed by accident: it shows itself only to who calls reveal(). */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  reveal(): string {
    return this.#value;
  }

  /**
   * The text with the secret replaced, wherever a server may have echoed it. One of a few letters is left: it stands in
   * half of all words, and the gaps would spell it.
   */
  scrub(text: string): string {
    return this.#value.length < SHORTEST_SCRUBBED ? text : text.replaceAll(this.#value, '***');
  }

  toString(): string {
    return '***';
  }

  toJSON(): string {
    return '***';
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return '***';
  }
}

export interface Credentials {
  readonly user?: string;
  readonly password: Secret;
}
