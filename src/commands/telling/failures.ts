/** Every kind of failure has its words and its exit code here, and nowhere else. */

import { CommanderError } from 'commander';
import { FileError } from '../../live/files/whole-file.ts';
import { EntryNodeError } from '../../live/look/inspect.ts';
import { tagged } from '../../report/text/complaint.ts';
import { scrubbed } from '../../resp/credentials.ts';
import { ConnectError, InterruptedError, isRefused, NodeError } from '../../resp/errors.ts';
import { mayHoldSecret } from '../../resp/parse-address.ts';
import type { Severity } from '../../topology/finding.ts';
import type { Conventions } from '../classic/translation.ts';
import { EXIT, type ExitCode, UsageError } from '../context.ts';

export interface Failure {
  readonly code: ExitCode;
  /** Absent where it has been said already. */
  readonly text?: string;
  /** Absent: not even the classic tools print it among their results. */
  readonly severity?: Severity;
}

export function explainFailure(error: unknown, conventions?: Conventions): Failure {
  if (error instanceof CommanderError) return { code: error.exitCode === 0 ? EXIT.done : EXIT.usage };
  if (error instanceof UsageError) return { code: EXIT.usage, text: `slotctl: ${error.message}` };
  if (error instanceof EntryNodeError)
    return {
      code: EXIT.unreachable,
      ...(conventions === 'classic' ? classicWords(error) : { text: error.message }),
    };
  if (error instanceof InterruptedError) return { code: EXIT.interrupted, text: 'slotctl: interrupted' };
  if (error instanceof NodeError)
    return { code: EXIT.problems, ...grave(`Node ${error.node}: ${error.message}.`) };
  if (error instanceof FileError) return { code: EXIT.problems, text: `slotctl: ${error.message}` };
  const trace = error instanceof Error ? error.stack : String(error);
  return {
    code: EXIT.problems,
    text: `slotctl: this is a bug in slotctl; please report it with these lines:\n${scrubbed(`${trace}`)}`,
  };
}

/** As scripts know it. */
function classicWords({ cause, message, node }: EntryNodeError): Pick<Failure, 'text' | 'severity'> {
  if (cause instanceof ConnectError) return { text: `Could not connect to Redis at ${message}` };
  if (isRefused(cause, 'no-login'))
    return grave(`Node ${node} ${cause.text} (--askpass, REDISCLI_AUTH or --pass)`);
  if (isRefused(cause, 'wrong-login'))
    return { severity: 'error', text: `Node ${node} replied with error:\n${cause.text}` };
  if (isRefused(cause, 'no-cluster')) return grave(`Node ${node} is not configured as a cluster node.`);
  return grave(`Node ${message}`);
}

export function grave(text: string): Pick<Failure, 'text' | 'severity'> {
  return { severity: 'error', text: tagged('error', text) };
}

const LONGEST_LINE = 2000;

/** Words of the command line stand in complaints about them, whatever they are: no line may end up moving the cursor. */
export function fitForTerminal(text: string): string {
  return text
    .replace(/[^\P{C}\n]/gu, '?')
    .split('\n')
    .map(line => (line.length > LONGEST_LINE ? `${line.slice(0, LONGEST_LINE)}…` : line))
    .join('\n');
}

/**
 * commander repeats what it does not understand. That may be a password in the wrong place, or one glued to its option,
 * so of an option only its name is shown, and of a word that looks like an address with a login nothing.
 */
export function withoutSecrets(complaint: string): string {
  return complaint
    .replace(/(unknown option )'(.*)'/, (_, what, option) => `${what}'${optionName(option)}'`)
    .replace(/(unknown command |argument )'(.*)'(?= is invalid|$)/m, (whole, what, word) =>
      mayHoldSecret(word) ? `${what}'…'` : whole,
    );
}

export function optionName(option: string): string {
  const secret = /^--(cluster-from-)?pass/.exec(option);
  if (secret) return `${secret[0]}…`;
  return /^--/.test(option)
    ? option.replace(/[=:@/].*/s, '…')
    : `${option.slice(0, 2)}${option.length > 2 ? '…' : ''}`;
}
