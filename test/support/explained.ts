/** The commands that `explain` prints, held against the words that went over the wire. */

export interface Sent {
  /** host:port */
  readonly node: string;
  readonly words: readonly string[];
  /** The server said no, and nothing has changed. */
  readonly isRefused?: boolean;
}

/** A printed command: `…` stands for anything, and `<each of 1-3>` for each of these slots in turn. */
interface Printed {
  readonly node: string;
  readonly command: string;
  /** Each is sent. */
  readonly expected: readonly (string | RegExp)[];
  /** Told to every primary in the end. */
  readonly isForAll: boolean;
}

export interface Comparison {
  /** Sent, and not printed. */
  readonly unsaid: readonly string[];
  /** Printed, and not sent, or not in this order. */
  readonly unsent: readonly string[];
  /** Of those that only a key needs which two nodes have. */
  readonly unsentForClashes: readonly string[];
}

/** What changes something. Nodes that are to agree are introduced to each other again, which is no part of a remedy. */
const CHANGES =
  /^(CLUSTER (SETSLOT|\w+SLOTS\w*|BUMPEPOCH|FAILOVER|REPLICATE|FORGET|RESET|MIGRATION CANCEL)|MIGRATE|DEL|UNLINK|RESTORE\S*|EVAL_RO)\b/;

export function compare(explained: string, sent: readonly Sent[]): Comparison {
  const lines = [...explained.matchAll(/^ {4}(\S+)> (.+)$/gm)].map(([line, node = '', text = '']) => ({
    line: line.trim(),
    printed: commandsIn(node, text),
    isForClashes: text.includes('(keys that '),
  }));
  const spoken = sent.map(({ node, words, isRefused }) => ({ node, text: words.join(' '), isRefused }));
  const printed = lines.flatMap(line => line.printed);
  const literal = new Set(printed.flatMap(said => said.expected.map(one => `${placeOf(said)}> ${one}`)));
  const patterns = printed.flatMap(({ node, expected }) =>
    expected.flatMap(one => (one instanceof RegExp ? [{ node, pattern: one }] : [])),
  );
  const isSaid = ({ node, text }: (typeof spoken)[number]) =>
    literal.has(`${node}> ${text}`) ||
    literal.has(`*> ${text}`) ||
    patterns.some(said => said.node === node && said.pattern.test(text));
  const missing = lines.filter(line => !isSentInOrder(line.printed, spoken));
  const unsaid = spoken.filter(said => !said.isRefused && CHANGES.test(said.text) && !isSaid(said));
  return {
    unsaid: [...new Set(unsaid.map(({ node, text }) => `${node}> ${text}`))],
    unsent: missing.filter(({ isForClashes }) => !isForClashes).map(({ line }) => line),
    unsentForClashes: missing.filter(({ isForClashes }) => isForClashes).map(({ line }) => line),
  };
}

function placeOf({ node, isForAll }: Printed): string {
  return isForAll ? '*' : node;
}

/** One line, command after command. */
function isSentInOrder(
  printed: readonly Printed[],
  spoken: readonly { readonly node: string; readonly text: string }[],
): boolean {
  let from = 0;
  for (const { node, expected } of printed) {
    const texts = spoken.map(said => (said.node === node ? said.text : ''));
    const all = new Set(texts.slice(from));
    const isThere = (one: string | RegExp) =>
      one instanceof RegExp ? [...all].some(text => one.test(text)) : all.has(one);
    if (!expected.every(isThere)) return false;
    const [first = ''] = expected;
    from =
      texts.findIndex(
        (text, i) => i >= from && (first instanceof RegExp ? first.test(text) : text === first),
      ) + 1;
  }
  return true;
}

/** `A; B; C   (remark)` */
function commandsIn(node: string, text: string): Printed[] {
  const [commands = '', remark = ''] = text.split(/ {3}(?=\()/);
  const isForAll = remark.includes('every other primary');
  return commands.split('; ').map(command => ({ node, command, expected: expectedOf(command), isForAll }));
}

function expectedOf(command: string): (string | RegExp)[] {
  const each = /<each of ([\d,-]+)>/.exec(command);
  const slots = (each?.[1] ?? '').split(',').flatMap(range => {
    const [first = 0, last = first] = range.split('-').map(Number);
    return each ? Array.from({ length: last - first + 1 }, (_, i) => `${first + i}`) : [];
  });
  const commands = each ? slots.map(slot => command.replace(each[0], slot)) : [command];
  return commands.map(one =>
    one.includes('…') ? new RegExp(`^${one.split(' …').map(escaped).join(' .+')}$`) : one,
  );
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
