/** Commands that a person writes, to be sent to nodes as they are. */
import type { Command } from '../command.ts';
import { Secret } from '../credentials.ts';
import { asOk, type Reply } from '../reply.ts';
import { configGet } from './membership.ts';

export function anyCommand(words: readonly string[]): Command<Reply> {
  const secret = secretsAmong(words);
  // Known from here on: no answer to it, nor to anything else, is told with them.
  for (const i of secret) new Secret((words[i] ?? '').replace(/^[><]/, ''));
  return {
    args: words,
    decode: reply => reply,
    takesErrors: true,
    ...(secret.length > 0 && { secret }),
  };
}

/** Settings whose values are passwords, of servers, sentinels and modules. */
const SECRET_SETTING = /(pass|auth|password|passphrase|secret|token)$/i;

/** Where passwords stand, as far as the commands are known. */
export function secretsAmong(words: readonly string[]): number[] {
  const [first = '', second = ''] = words.map(word => word.toUpperCase());
  const behind = (name: string, distance: number) =>
    words.flatMap((word, i) => (i > 0 && word.toUpperCase() === name ? [i + distance] : []));
  /** Names and values in turn, from there on. */
  const settingsFrom = (from: number) =>
    words.flatMap((word, i) =>
      i >= from && (i - from) % 2 === 0 && SECRET_SETTING.test(word) ? [i + 1] : [],
    );
  const places = () => {
    // The whole command as one word, as some shells would have it.
    if (/\s/.test(first) && secretsAmong(words[0]?.trim().split(/\s+/) ?? []).length > 0) return [0];
    if (first === 'AUTH') return words.length > 1 ? [words.length - 1] : [];
    if (first === 'HELLO') return behind('AUTH', 2);
    if (first === 'MIGRATE') return [...behind('AUTH', 1), ...behind('AUTH2', 2)];
    if (first === 'CONFIG' && second === 'SET') return settingsFrom(2);
    if (first === 'SENTINEL' && second === 'SET') return settingsFrom(3);
    if (first === 'SENTINEL' && second === 'CONFIG') return settingsFrom(3);
    if (first === 'MODULE')
      return words.flatMap((_, i) => (SECRET_SETTING.test(words[i] ?? '') ? [i + 1] : []));
    if (first === 'ACL' && second === 'SETUSER')
      return words.flatMap((word, i) => (i >= 3 && /^[><#!]/.test(word) ? [i] : []));
    return [];
  };
  return places().filter(i => i < words.length);
}

/** What one reply does not answer, so that whoever waits for it waits in vain, or is told what belongs to nobody. */
const WITHOUT_AN_END: ReadonlySet<string> = new Set([
  'SUBSCRIBE',
  'PSUBSCRIBE',
  'SSUBSCRIBE',
  'UNSUBSCRIBE',
  'PUNSUBSCRIBE',
  'SUNSUBSCRIBE',
  'MONITOR',
  'SYNC',
  'PSYNC',
  'REPLCONF',
]);

/** Why a command is not sent; undefined as a rule. */
export function objectionTo(words: readonly string[]): string | undefined {
  const [first = '', second = ''] = words.map(word => word.toUpperCase());
  if (WITHOUT_AN_END.has(first)) return `${first} has no single reply, and is not sent`;
  if (first === 'CLIENT' && second === 'REPLY') return 'CLIENT REPLY would leave nothing to wait for';
  if (first === 'HELLO' && second !== '' && second !== '2')
    return 'HELLO may only ask for protocol 2, in which replies are read';
  return undefined;
}

const NODE_TIMEOUT = 'cluster-node-timeout';

export function getNodeTimeout(): Command<string | undefined> {
  return configGet(NODE_TIMEOUT);
}

export function setNodeTimeout(timeoutMs: number): Command<void> {
  return { args: ['CONFIG', 'SET', NODE_TIMEOUT, `${timeoutMs}`], decode: asOk };
}

/** Writes what is set into the configuration file; refused where the server has none. */
export function rewriteConfig(): Command<void> {
  return { args: ['CONFIG', 'REWRITE'], decode: asOk };
}
