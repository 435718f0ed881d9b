/** What may be said of a server's answer to a command that carried a secret, or of one that is about a login. */
import type { Command } from './command.ts';
import { scrubbed } from './credentials.ts';

/** What servers answer, word for word. Whoever answers anything else may be repeating the command, whole or cut. */
const SENTENCES = [
  'WRONGPASS invalid username-password pair or user is disabled\\.',
  'NOAUTH Authentication required\\.',
  'NOAUTH HELLO must be called with the client already authenticated, .{1,200}at the same time',
  "NOPERM (?:this user|User \\S{1,80}) has no permissions to (?:run the '[\\w|]{1,40}' command|access .{1,60})",
  'NOPERM No permissions to access a (?:key|channel)',
  'ERR AUTH <password> called without any password configured for the default user\\. Are you sure your configuration is correct\\?',
  'ERR Client sent AUTH, but no password is set\\.?',
  'ERR invalid password',
  "ERR wrong number of arguments for '[\\w|]{1,40}' command",
  'ERR syntax error',
  'LOADING (?:Redis|Valkey|Server) is loading the dataset in memory',
  'BUSY (?:Redis|Valkey|Server) is busy running a script\\. You can only call [\\w |]{1,80}\\.',
  'BUSYKEY Target key name already exists\\.?',
  '(?:MOVED|ASK) \\d{1,5} [\\w.:%-]{1,80}',
  'TRYAGAIN Multiple keys request during rehashing of slot',
  'CLUSTERDOWN (?:Hash slot not served|The cluster is down(?: and only accepts read commands)?)',
  "OOM command not allowed when used memory > '?maxmemory'?\\.?",
  "READONLY You can't write against a read only (?:replica|slave)\\.?",
  "MISCONF (?:Redis|Valkey) is configured to save RDB snapshots, but it's currently unable to persist to disk\\. .{1,400}",
  'MISCONF Errors writing to the AOF file: .{1,80}',
  "MASTERDOWN Link with (?:MASTER|PRIMARY) is down and [\\w-]{1,40} is set to 'no'\\.",
  'NOREPLICAS Not enough good (?:replicas|slaves) to write\\.',
  'IOERR error or timeout [\\w ]{1,60}',
  'ERR Bad data format',
  'ERR DUMP payload version or checksum are wrong',
];
const TARGET_SAYS = 'ERR Target instance replied with error: ';
const KNOWN = new RegExp(`^(?:${TARGET_SAYS})?(?:${SENTENCES.join('|')})$`);

/** Kinds of refusals. Another word in capitals may be the password. */
const CODES =
  'ERR|WRONGPASS|NOAUTH|NOPERM|LOADING|BUSY|BUSYKEY|MOVED|ASK|TRYAGAIN|CLUSTERDOWN|OOM|READONLY|MISCONF|MASTERDOWN|NOREPLICAS|IOERR|NOPROTO|DENIED|UNBLOCKED';
const KIND = new RegExp(`^(?:${TARGET_SAYS})?(?:${CODES})(?= |$)`);
const ABOUT_LOGIN = /^(WRONGPASS|NOAUTH)\b/;

export function withoutEcho(command: Command<unknown>, text: string): string {
  const mayEcho = (command.secret?.length ?? 0) > 0 || ABOUT_LOGIN.test(text);
  if (!mayEcho || KNOWN.test(text)) return scrubbed(text);
  const [kind = 'ERR'] = KIND.exec(text) ?? [];
  return `${kind} (the rest is withheld: it may repeat the password)`;
}
