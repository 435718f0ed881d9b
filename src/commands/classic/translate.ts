/**
 * Command lines of redis-cli, valkey-cli and redis-trib become native ones, before anybody reads them. The tables are
 * in classic/; the commands know nothing of them.
 */

import { parseUri } from '../../resp/parse-address.ts';
import { InputError } from '../../topology/input-error.ts';
import { nearestWord } from '../options/nearest-word.ts';
import { readNumber } from '../options/numbers.ts';
import { clusterHelp } from './cluster-help.ts';
import { judgeAddresses, judgeValue } from './judge-values.ts';
import {
  classicOption,
  isSubcommand,
  SUBCOMMAND_NAMES,
  type SubcommandName,
  subcommand,
} from './option-table.ts';
import { type ClusterLine, readClusterLine } from './read-cluster-line.ts';
import { translateTribLine } from './translate-trib.ts';
import { ready, type Translation, type Wrong, wrong } from './translation.ts';

export type { Conventions, Translation } from './translation.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** `argv` as Node gives it: the interpreter, the program by the name that it was called, and the words. */
export function translateArguments(
  [, program = '', ...words]: readonly string[],
  env: Environment,
): Translation {
  const isCalledTrib = /(^|[\\/])redis-trib(\.rb)?$/.test(program);
  if (!words[0]?.startsWith('-') || !words.includes('--cluster'))
    return translateTribLine(words, isCalledTrib);
  const line = readClusterLine(words);
  return 'kind' in line ? line : translateClusterLine(line, env);
}

function translateClusterLine(line: ClusterLine, env: Environment): Translation {
  const { subcommand: name, input } = line;
  if (name === 'help') return { kind: 'help', text: clusterHelp() };
  if (!isSubcommand(name)) return unknownSubcommand(name);
  if (line.wantsHelp) return ready([name, '--help']);
  if (input === undefined) return translateSubcommand(name, line, env);
  return {
    kind: 'wants-input',
    given: text => {
      const words = withInput(line.words, input, name === 'call' ? text : text.trim());
      return 'kind' in words ? words : translateSubcommand(name, { ...line, words }, env);
    },
  };
}

function withInput(
  words: readonly string[],
  input: NonNullable<ClusterLine['input']>,
  text: string,
): readonly string[] | Wrong {
  if (input === 'last') return [...words, text];
  const at = words.indexOf(input.inPlaceOf);
  return at === -1 ? wrong('Using -X option but stdin tag not match.') : words.with(at, text);
}

function translateSubcommand(
  name: SubcommandName,
  { words, options }: ClusterLine,
  env: Environment,
): Translation {
  const { words: arity, usage, consent, implies = [] } = subcommand(name);
  const [least, most] = arity;
  if (words.length < least || words.length > most)
    return wrong(
      '[ERR] Wrong number of arguments for specified --cluster sub command',
      `Write --cluster ${name} ${usage}`,
    );
  const translated: string[] = [];
  let isAgreed = consent === 'goes-ahead' || (consent === 'asks' && agreesAlways(env));
  const given = new Set<string>();
  for (const [option, ...values] of options) {
    const { becomes, takes, for: whom, elsewhere } = classicOption(option) ?? { takes: 'nothing' };
    if (whom && !whom.includes(name)) {
      if (elsewhere === 'ignored') continue;
      return wrong(
        `${option} goes with ${whom.join(' and ')}. redis-cli would ignore it, and do something else than is meant.`,
      );
    }
    if (takes === 'pairs' && given.has(option)) return twoWeights();
    given.add(option);
    const misread = judgeValue(name, option, values);
    if (misread) return misread;
    if (becomes === 'consent') isAgreed ||= consent === 'asks';
    else if (becomes === 'login') {
      const login = readLogin(values[0] ?? '');
      if ('kind' in login) return login;
      translated.push(...login);
    } else if (becomes && !isWithoutLimit(option, values)) translated.push(...spell(becomes, values));
  }
  const unusable = judgeAddresses(name, words);
  if (unusable) return unusable;
  if (name === 'import' && !given.has('--cluster-from'))
    return wrong("[ERR] Option '--cluster-from' is required for subcommand 'import'../.");
  const agreed = isAgreed ? ['--yes'] : [];
  const end = name === 'call' || words.some(word => word.startsWith('-')) ? ['--'] : [];
  return ready([name, ...agreed, ...implies, ...translated, ...end, ...words]);
}

function spell(option: string, values: readonly string[]): string[] {
  return values.length === 0 ? [option] : values.map(value => `${option}=${value}`);
}

/** What a URI says of how to get in. */
function readLogin(uri: string): readonly string[] | Wrong {
  try {
    const { user, password, tls } = parseUri(uri);
    return [
      ...(user === undefined ? [] : [`--user=${user}`]),
      ...(password === undefined ? [] : [`--pass=${password}`]),
      ...(tls ? ['--tls'] : []),
    ];
  } catch (error) {
    if (error instanceof InputError) return wrong(error.message);
    throw error;
  }
}

/** Theirs may wait for ever, and calls it 0; ours keeps its own limit then. */
function isWithoutLimit(option: string, [value = '']: readonly string[]): boolean {
  return option === '-t' && readNumber(value) === 0;
}

function agreesAlways({ REDISCLI_CLUSTER_YES, VALKEYCLI_CLUSTER_YES }: Environment): boolean {
  return REDISCLI_CLUSTER_YES === '1' || VALKEYCLI_CLUSTER_YES === '1';
}

function twoWeights(): Wrong {
  return wrong(
    'WARNING: you cannot use --cluster-weight more than once.',
    'You can set more weights by adding them as a space-separated list, ie:',
    '--cluster-weight n1=w n2=w',
  );
}

function unknownSubcommand(name: string): Wrong {
  const nearest = nearestWord(name, SUBCOMMAND_NAMES);
  return wrong('Unknown --cluster subcommand', ...(nearest ? [`(Did you mean ${nearest}?)`] : []));
}
