/**
 * Reads a command line with `--cluster` as redis-cli reads it: what stands directly after the subcommand are its
 * arguments, or, if nothing does, the first words after some option.
 */
import { mayHoldSecret } from '../../resp/parse-address.ts';
import { nearestWord } from '../options/nearest-word.ts';
import { optionName } from '../telling/failures.ts';
import { classicOption, OPTION_NAMES } from './option-table.ts';
import { type Wrong, wrong } from './translation.ts';

export interface ClusterLine {
  readonly subcommand: string;
  readonly words: readonly string[];
  readonly options: readonly (readonly [name: string, ...values: string[]])[];
  /** Where standard input belongs: after the words, or in place of one of them. */
  readonly input?: 'last' | { readonly inPlaceOf: string };
  readonly wantsHelp: boolean;
}

export function readClusterLine(argv: readonly string[]): ClusterLine | Wrong {
  const options: [name: string, ...values: string[]][] = [];
  let subcommand: string | undefined;
  let words: readonly string[] = [];
  let input: ClusterLine['input'];
  let wantsHelp = false;
  for (let i = 0; i < argv.length; ) {
    const name = argv[i++] ?? '';
    const next = argv[i];
    if (name === '--cluster') {
      if (subcommand !== undefined) return wrong('--cluster is given twice.');
      if (next === undefined) return wrong('--cluster takes a subcommand; --cluster help lists them.');
      subcommand = next;
      words = untilDash(argv, i + 1);
      i += 1 + words.length;
    } else if (name === '--') {
      words = [...words, ...argv.slice(i)];
      break;
    } else if (!isOption(name)) {
      if (words.length > 0) return wrong(strayText(name, subcommand));
      words = untilDash(argv, i - 1);
      i += words.length - 1;
    } else if (name === '--help' || (name === '-h' && next === undefined)) {
      wantsHelp = true;
    } else if (name === '-x') {
      input = 'last';
    } else if (name === '-X' && next !== undefined) {
      input = { inPlaceOf: next };
      i++;
    } else {
      const option = classicOption(name);
      const values = option?.takes === 'pairs' ? untilNoPair(argv, i) : argv.slice(i, i + 1);
      if (!option || (option.takes !== 'nothing' && values.length === 0))
        return wrong(...unknownOption(name, subcommand));
      options.push(option.takes === 'nothing' ? [name] : [name, ...values]);
      if (option.takes !== 'nothing') i += values.length;
    }
  }
  if (subcommand === undefined) return wrong('--cluster takes a subcommand; --cluster help lists them.');
  return { subcommand, words, options, wantsHelp, ...(input !== undefined && { input }) };
}

function isOption(word: string): boolean {
  return word.startsWith('-');
}

function untilDash(argv: readonly string[], from: number): readonly string[] {
  const end = argv.findIndex((word, i) => i >= from && isOption(word));
  return argv.slice(from, end === -1 ? argv.length : end);
}

function untilNoPair(argv: readonly string[], from: number): readonly string[] {
  const end = argv.findIndex((word, i) => i >= from && (word.startsWith('--') || !word.includes('=')));
  return argv.slice(from, end === -1 ? argv.length : end);
}

/** Theirs leaves such words out, without a word: of `create A B --cluster-replicas 0 C` only A and B. */
function strayText(word: string, subcommand = ''): string {
  const shown = mayHoldSecret(word) ? 'A word' : `'${word}'`;
  return `${shown} stands apart from the other arguments, and would be left out: all of them belong directly after --cluster ${subcommand}.`;
}

const LONG_OPTIONS = OPTION_NAMES.filter(name => name.startsWith('--'));

function unknownOption(name: string, subcommand: string | undefined): string[] {
  const text = `Unrecognized option or bad number of args for: '${optionName(name)}'`;
  const nearest = name.startsWith('--') ? nearestWord(name.replace(/=.*/s, ''), LONG_OPTIONS) : undefined;
  const how = nearest && classicOption(nearest)?.takes;
  if (nearest && name.startsWith(`${nearest}=`))
    return [text, `Write ${nearest} and its value as two words.`];
  if (nearest === name) return [text, `${name} takes ${how === 'pairs' ? 'node=weight' : 'a value'}.`];
  if (nearest) return [text, `(Did you mean ${nearest}?)`];
  return subcommand === 'call' ? [text, 'Write -- before arguments that begin with a dash.'] : [text];
}
