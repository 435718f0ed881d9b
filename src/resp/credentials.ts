/** A password of a few letters stands in half of all words, and the gaps would spell it. */
const SHORTEST_SCRUBBED = 6;
/** A beginning or an end of that many characters is taken for a part of the password; of a short one, nearly all of it. */
const LONGEST_CLUE = 8;
const SHORTEST_CLUE = 5;

const HIDDEN = '***';

/** How a password may be written by whoever repeats it, for every password that this process was given. */
const spellings = new Map<string, readonly string[]>();

/** A password that cannot be printed by accident: it shows itself only to who calls reveal(). */
export class Secret {
  readonly #value: string;

  /** From here on, scrubbed() knows it. */
  constructor(value: string) {
    this.#value = value;
    if (value.length >= SHORTEST_SCRUBBED && !spellings.has(value)) spellings.set(value, spellingsOf(value));
  }

  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return HIDDEN;
  }

  toJSON(): string {
    return HIDDEN;
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return HIDDEN;
  }
}

export interface Credentials {
  readonly user?: string;
  readonly password: Secret;
}

/**
 * The text without any password of this process, whole or cut: of import's other cluster, and of a command that sets one,
 * too. To be called before the text is cut or escaped.
 */
export function scrubbed(text: string): string {
  let left = text;
  for (const forms of spellings.values()) {
    for (const form of forms) left = withoutTraces(left, form);
  }
  return left;
}

function spellingsOf(value: string): string[] {
  const bytes = Buffer.from(value);
  const whole = [...bytes];
  const inHex = (prefix: string) =>
    whole.map(byte => `${prefix}${byte.toString(16).padStart(2, '0')}`).join('');
  const inUri = encodeURIComponent(bytes.toString('utf8'));
  const inJson = JSON.stringify(value).slice(1, -1);
  const asServersQuote = whole.map(quotedByte).join('');
  const plain = value.replace(/[^\x20-\x7e]+/g, ' ').trim();
  const [percent, hex] = [inHex('%'), inHex('\\x')];
  const all = [value, inUri, inUri.replace(/%../g, lower), inJson, asServersQuote, plain];
  return [...new Set([...all, percent, percent.toUpperCase(), hex])].filter(
    form => form.length >= SHORTEST_SCRUBBED,
  );
}

function lower(text: string): string {
  return text.toLowerCase();
}

/** As in a server's log, and in what it repeats of a command. */
function quotedByte(byte: number): string {
  const character = String.fromCharCode(byte);
  if (character === '"' || character === '\\') return `\\${character}`;
  return byte >= 0x20 && byte < 0x7f ? character : `\\x${byte.toString(16).padStart(2, '0')}`;
}

/** Every longest piece of the text that is a beginning or an end of the secret, and no shorter than a clue. */
function withoutTraces(text: string, secret: string): string {
  const clue = Math.min(LONGEST_CLUE, Math.max(SHORTEST_CLUE, secret.length - 2));
  let left = text;
  const [head, tail] = [secret.slice(0, clue), secret.slice(-clue)];
  for (let at = left.indexOf(head); at !== -1; at = left.indexOf(head, at + HIDDEN.length)) {
    let length = clue;
    while (length < secret.length && left[at + length] === secret[length]) length++;
    left = `${left.slice(0, at)}${HIDDEN}${left.slice(at + length)}`;
  }
  for (let at = left.indexOf(tail); at !== -1; at = left.indexOf(tail, at + HIDDEN.length)) {
    let length = clue;
    while (length < secret.length && at > 0 && left[at - 1] === secret[secret.length - length - 1]) {
      at--;
      length++;
    }
    left = `${left.slice(0, at)}${HIDDEN}${left.slice(at + length)}`;
  }
  return left;
}
