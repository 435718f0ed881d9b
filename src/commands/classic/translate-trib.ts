/** The options of redis-trib, command by command, and what they become here. */
import { ONLY_DATABASE_0, takesWord } from './option-table.ts';
import { ready, type Translation, wrong } from './translation.ts';

interface TribOption {
  readonly takes: 'nothing' | 'word';
  /** Absent where it makes no difference. */
  readonly becomes?: `--${string}`;
  /** slotctl takes it by itself, so that it does not tell that the command line is one of redis-trib. */
  readonly isOurs?: true;
}

const word = (becomes: `--${string}`): TribOption => ({ takes: 'word', becomes });
const flag = (becomes?: `--${string}`): TribOption => ({ takes: 'nothing', ...(becomes && { becomes }) });

const TIMEOUT = { '--timeout': word('--cluster-timeout') };
const PIPELINE = { '--pipeline': word('--cluster-pipeline') };
const VERBOSE = { '--verbose': flag() };

const TRIB_OPTIONS: Readonly<Record<string, Readonly<Record<string, TribOption>>>> = {
  create: { '--replicas': word('--cluster-replicas'), ...VERBOSE },
  check: VERBOSE,
  info: VERBOSE,
  fix: { ...TIMEOUT, ...VERBOSE },
  reshard: {
    '--from': word('--cluster-from'),
    '--to': word('--cluster-to'),
    '--slots': word('--cluster-slots'),
    ...TIMEOUT,
    ...PIPELINE,
    ...VERBOSE,
  },
  rebalance: {
    '--weight': word('--cluster-weight'),
    '--auto-weights': flag(),
    '--use-empty-masters': flag('--cluster-use-empty-masters'),
    '--threshold': word('--cluster-threshold'),
    '--simulate': flag('--cluster-simulate'),
    ...TIMEOUT,
    ...PIPELINE,
    ...VERBOSE,
  },
  'add-node': { '--slave': flag('--replica'), '--master-id': word('--cluster-master-id'), ...VERBOSE },
  'del-node': VERBOSE,
  import: {
    '--from': word('--cluster-from'),
    '--copy': { ...flag('--cluster-copy'), isOurs: true },
    '--replace': { ...flag('--cluster-replace'), isOurs: true },
  },
  'set-timeout': {},
  call: {},
};

/** Under the name of redis-trib these go ahead. No option is as good as a yes. */
const NEVER_ASKED: ReadonlySet<string> = new Set(['rebalance', 'add-node', 'del-node', 'import']);

/**
 * An option of redis-trib makes a line look like one of its own, and is answered in its manner. Whether there is a
 * question first depends on the name of the program alone: a person may well write `import A --from B` to slotctl.
 */
export function translateTribLine(argv: readonly string[], isCalledTrib: boolean): Translation {
  const [command = '', ...rest] = argv;
  const options = Object.hasOwn(TRIB_OPTIONS, command) ? TRIB_OPTIONS[command] : undefined;
  if (!options) return ready(argv, 'native');
  const end = rest.includes('--') ? rest.indexOf('--') : rest.length;
  const words: string[] = [];
  let isTheirs = isCalledTrib;
  for (let i = 0; i < end; i++) {
    const typed = rest[i] ?? '';
    const [name, glued] = splitOnce(typed);
    const option = Object.hasOwn(options, name) ? options[name] : undefined;
    const value = glued ?? (i + 1 < end ? rest[i + 1] : undefined);
    if (!option || (name === '--slots' && namesSlots(value, rest))) {
      words.push(typed);
      // What belongs to another option is no option.
      if (glued === undefined && takesWord(name) && i + 1 < end) words.push(rest[++i] ?? '');
      continue;
    }
    isTheirs ||= !option.isOurs;
    if (option.takes === 'nothing') {
      if (option.becomes) words.push(option.becomes);
      continue;
    }
    if (value === undefined) return wrong(`${name} takes a value.`);
    if (glued === undefined) i++;
    words.push(`${option.becomes}=${value}`);
  }
  const consent = isCalledTrib && NEVER_ASKED.has(command) ? ['--yes'] : [];
  const implied = isCalledTrib && command === 'import' ? [ONLY_DATABASE_0] : [];
  return ready(
    [command, ...consent, ...implied, ...words, ...rest.slice(end)],
    isTheirs ? 'classic' : 'native',
    isCalledTrib,
  );
}

/**
 * `--slots` is redis-trib's count, and slotctl's ranges. A plain number is a count, unless `--cluster-to` goes with it,
 * which redis-trib does not have, and without which slotctl moves no slots that are named.
 */
function namesSlots(value = '', rest: readonly string[]): boolean {
  return !/^[+-]?\d+$/.test(value) || rest.some(word => splitOnce(word)[0] === '--cluster-to');
}

function splitOnce(text: string): [name: string, value?: string] {
  const at = text.startsWith('--') ? text.indexOf('=') : -1;
  return at === -1 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}
