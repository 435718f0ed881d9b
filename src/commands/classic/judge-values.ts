/** What redis-cli says to addresses and numbers that are none, before what ours says. */

import { isUri, mayHoldSecret, parseAddress } from '../../resp/parse-address.ts';
import { InputError } from '../../topology/input-error.ts';
import { joinAddress } from '../options/connection.ts';
import { readNumber } from '../options/numbers.ts';
import type { SubcommandName } from './option-table.ts';
import { type Wrong, wrong } from './translation.ts';

const INVALID_ARGUMENTS =
  '[ERR] Invalid arguments: you need to pass either a valid address (ie. 120.0.0.1:7000) or space separated IP and port (ie. 120.0.0.1 7000)';
const INVALID_SOURCE =
  '[ERR] Invalid --cluster-from host. You need to pass a valid address (ie. 120.0.0.1:7000).';

/** The words that are addresses; host and port may be two. */
export function judgeAddresses(name: SubcommandName, words: readonly string[]): Wrong | undefined {
  const [first = '', second = ''] = words;
  switch (name) {
    case 'create':
      return judgeEach(words, word => `Invalid address format: ${mayHoldSecret(word) ? '…' : word}`);
    case 'add-node':
      return judgeEach(words, () => INVALID_ARGUMENTS);
    case 'check':
    case 'info':
    case 'fix':
    case 'reshard':
    case 'rebalance':
      return words.length === 2
        ? judge(joinAddress(first, second), INVALID_ARGUMENTS)
        : judge(first, INVALID_ARGUMENTS);
    default:
      return judge(first, INVALID_ARGUMENTS);
  }
}

export function judgeValue(
  name: SubcommandName,
  option: string,
  [value = '']: readonly string[],
): Wrong | undefined {
  if (option === '-t' && readNumber(value) === undefined) return wrong('Invalid connection timeout for -t.');
  return name === 'import' && option === '--cluster-from' ? judge(value, INVALID_SOURCE) : undefined;
}

function judgeEach(words: readonly string[], complaint: (word: string) => string): Wrong | undefined {
  for (const word of words) {
    const objection = judge(word, complaint(word));
    if (objection) return objection;
  }
  return undefined;
}

function judge(word: string, complaint: string): Wrong | undefined {
  if (isUri(word)) return undefined;
  try {
    parseAddress(word);
    return undefined;
  } catch (error) {
    if (error instanceof InputError) return wrong(complaint, error.message);
    throw error;
  }
}
