/** What may be said of a server's answer to a command that carried a secret. */
import type { Command } from './command.ts';
import type { Secret } from './credentials.ts';

/**
 * Refusals of AUTH whose words are the server's own, and those that MIGRATE passes on from the target. Others may repeat
 * the command, whole or cut.
 */
const HARMLESS =
  /^(ERR Target instance replied with error: )?(WRONGPASS |NOAUTH |NOPERM |LOADING |BUSYKEY |MOVED \d|ASK \d|TRYAGAIN |CLUSTERDOWN |OOM |READONLY |MISCONF |IOERR error or timeout |ERR Bad data format|ERR DUMP payload version|ERR invalid password|ERR Client sent AUTH, but no password|ERR AUTH <password> called without)/;

export function withoutEcho(command: Command<unknown>, text: string, secret: Secret | undefined): string {
  const scrubbed = secret?.scrub(text) ?? text;
  if (!command.secret?.length || HARMLESS.test(text)) return scrubbed;
  const [code = ''] = text.split(' ', 1);
  return `${/^[A-Z]{1,20}$/.test(code) ? code : 'ERR'} (the rest is withheld: it may repeat the password)`;
}
