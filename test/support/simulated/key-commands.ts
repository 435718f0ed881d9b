/** Commands about keys, and MIGRATE, by which keys go from node to node. */
import { ErrorReply, type Reply } from '../../../src/resp/reply.ts';
import { bytes, err, OK, refusal } from './answers.ts';
import type { Value } from './dataset.ts';
import type { SimulatedNode } from './node.ts';
import { redirection } from './routing.ts';
import { Session } from './session.ts';

export interface KeyWorld {
  readonly nowMs: number;
  nodeAt(host: string, port: number): SimulatedNode | undefined;
  /** The next MIGRATE whose last key arrives does not hear of it; then it is false again. */
  isTearing: boolean;
}

const PAYLOAD = 'dumped:';

/** Undefined for what is no command about keys. */
export function answerAboutKeys(
  node: SimulatedNode,
  session: Session,
  words: readonly string[],
  world: KeyWorld,
): Reply | undefined {
  const [name = '', key = ''] = words;
  const command = COMMANDS[name.toUpperCase()];
  if (!command) return undefined;
  const asking = session.asking || command.asksByItself === true;
  const keys = command.keys?.(words) ?? [key];
  const look = (wanted: string) => valueAt(node, session.database, wanted, world.nowMs);
  const isMigrate = command === MIGRATE;
  const elsewhere = redirection(node, { keys, asking, isMigrate }, look);
  return elsewhere ?? command.run({ node, database: session.database, words, keys, world, look });
}

interface Call {
  readonly node: SimulatedNode;
  readonly database: number;
  readonly words: readonly string[];
  readonly keys: readonly string[];
  readonly world: KeyWorld;
  readonly look: (key: string) => Value | undefined;
}

interface KeyCommand {
  readonly asksByItself?: boolean;
  /** The second word, unless told otherwise. */
  readonly keys?: (words: readonly string[]) => readonly string[];
  readonly run: (call: Call) => Reply;
}

function valueAt(node: SimulatedNode, database: number, key: string, nowMs: number): Value | undefined {
  const value = node.data.get(database, key);
  return value?.expiresAtMs !== undefined && value.expiresAtMs <= nowMs ? undefined : value;
}

/** MIGRATE host port key|"" db timeout [COPY] [REPLACE] [AUTH …] [AUTH2 …] [KEYS key …] */
export function keysOfMigrate(words: readonly string[]): readonly string[] {
  const at = words.findIndex((word, i) => i > 5 && word.toUpperCase() === 'KEYS');
  if (at !== -1) return words.slice(at + 1);
  return words[3] ? [words[3]] : [];
}

const UNHEARD = refusal('IOERR error or timeout reading to target instance');

const MIGRATE: KeyCommand = { keys: keysOfMigrate, run: migrate };

function migrate({ node, database, words, keys, world, look }: Call): Reply {
  const [, host = '', port = '', , targetDatabase = '0'] = words;
  const option = (name: string) => words.slice(6).some(word => word.toUpperCase() === name);
  const present = keys.filter(key => look(key) !== undefined);
  if (present.length === 0) return bytes('NOKEY');
  const target = world.nodeAt(host, Number(port));
  if (!target?.isUp) return refusal('IOERR error or timeout connecting to the client');
  // A server that waits for itself hears nothing.
  if (target === node) return UNHEARD;
  const session = new Session();
  session.database = Number(targetDatabase);
  let failure: ErrorReply | undefined;
  for (const key of present) {
    const value = look(key);
    if (!value) continue;
    const ttl = value.expiresAtMs === undefined ? 0 : Math.max(1, value.expiresAtMs - world.nowMs);
    const restore = ['RESTORE-ASKING', key, `${ttl}`, PAYLOAD + value.content];
    if (option('REPLACE')) restore.push('REPLACE');
    const reply = answerAboutKeys(target, session, restore, world);
    if (reply instanceof ErrorReply) {
      failure ??= err(`Target instance replied with error: ${reply.text}`);
    } else if (world.isTearing && key === present.at(-1)) {
      world.isTearing = false;
      // What the target has refused before is told instead.
      failure ??= UNHEARD;
    } else if (!option('COPY')) node.data.delete(database, key);
  }
  return failure ?? OK;
}

function restore({ node, database, words, world, look }: Call): Reply {
  const [, key = '', ttlWord = '', payload = '', ...options] = words;
  const replace = options.some(word => word.toUpperCase() === 'REPLACE');
  if (!replace && look(key)) return refusal('BUSYKEY Target key name already exists.');
  if (!payload.startsWith(PAYLOAD)) return err('DUMP payload version or checksum are wrong');
  const ttl = Number(ttlWord);
  node.data.set(database, key, {
    content: payload.slice(PAYLOAD.length),
    ...(ttl > 0 && { expiresAtMs: world.nowMs + ttl }),
  });
  return OK;
}

const everyWord = (words: readonly string[]) => words.slice(1);

const noKeys = () => [];

const COMMANDS: Readonly<Record<string, KeyCommand>> = {
  GET: { run: ({ keys: [key = ''], look }) => bulkOrNil(look(key)?.content) },
  MGET: { keys: everyWord, run: ({ keys, look }) => keys.map(key => bulkOrNil(look(key)?.content)) },
  SET: {
    run: ({ node, database, words, world }) => {
      const [, key = '', content = '', option = '', ttl] = words;
      const expires = option.toUpperCase() === 'PX' ? { expiresAtMs: world.nowMs + Number(ttl) } : {};
      node.data.set(database, key, { content, ...expires });
      return OK;
    },
  },
  DEL: {
    keys: everyWord,
    run: ({ node, database, keys }) => keys.filter(key => node.data.delete(database, key)).length,
  },
  TYPE: { run: ({ keys: [key = ''], look }) => bytes(look(key) ? 'string' : 'none') },
  STRLEN: { run: ({ keys: [key = ''], look }) => look(key)?.content.length ?? 0 },
  GETRANGE: {
    run: ({ words, keys: [key = ''], look }) =>
      bytes((look(key)?.content ?? '').slice(Number(words[2]), Number(words[3]) + 1)),
  },
  EXISTS: { keys: everyWord, run: ({ keys, look }) => keys.filter(look).length },
  FLUSHALL: {
    keys: noKeys,
    run: ({ node }) => {
      node.data.clear();
      return OK;
    },
  },
  DUMP: {
    run: ({ keys: [key = ''], look }) => {
      const value = look(key);
      return value ? bytes(PAYLOAD + value.content) : null;
    },
  },
  PTTL: {
    run: ({ keys: [key = ''], look, world }) => {
      const value = look(key);
      if (!value) return -2;
      return value.expiresAtMs === undefined ? -1 : value.expiresAtMs - world.nowMs;
    },
  },
  RESTORE: { run: restore },
  'RESTORE-ASKING': { asksByItself: true, run: restore },
  MIGRATE,
};

function bulkOrNil(content: string | undefined): Reply {
  return content === undefined ? null : bytes(content);
}
