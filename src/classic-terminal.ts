/**
 * The person, or the script, that a command line of redis-cli was written for: complaints stand on standard output, and
 * questions are asked line by line, at a screen too, since whatever answers them there may be a program (expect).
 */
import { asAnswer, asQuestion } from './line-reader.ts';
import type { Terminal } from './terminal.ts';

/** `silently`: standard output belongs to a program that reads JSON. */
export function classicTerminal(terminal: Terminal, silently: boolean): Terminal {
  const { paint } = terminal;
  const somebodySits = terminal.dialogue !== undefined;
  return {
    ...terminal,
    // The same lines everywhere: no table, and each slot that has moved.
    interactive: false,
    dialogue: undefined,
    warn(text, severity) {
      if (silently || severity === undefined) terminal.warn(text);
      else terminal.print(`${(severity === 'warning' ? paint.warning : paint.bad)(text)}\n`);
    },
    async confirm(question) {
      const reply = await terminal.readLine(silently ? undefined : `${asQuestion(question)} `);
      const isBlank = reply.kind === 'given' && reply.value.trim() === '';
      return isBlank && !somebodySits ? 'nobody' : asAnswer(reply, somebodySits ? 'person' : 'program');
    },
  };
}
