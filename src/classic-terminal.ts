/**
 * The person, or the script, that a command line of redis-cli was written for: complaints stand on standard output, and
 * questions are asked line by line, at a screen too, since whatever answers them there may be a program (expect).
 */
import { asAnswer, asQuestion } from './line-reader.ts';
import type { Terminal } from './terminal.ts';

/** How lines begin that the classic tools print to standard output, whatever they say. */
const CLASSIC_COMPLAINT = /^(\[ERR\]|\[WARNING\]|\*\*\*|>>> |Node \S+ replied with error:)/;
/** And those that they print to standard error all the same. */
const TO_STANDARD_ERROR =
  /^\*\*\* (Please fix your cluster problems before resharding|No source nodes given)/;
const MILD = /^(\[WARNING\]|\*\*\*)/;

/** `silently`: standard output belongs to a program that reads JSON. */
export function classicTerminal(terminal: Terminal, silently: boolean): Terminal {
  const { paint } = terminal;
  const somebodySits = terminal.dialogue !== undefined;
  return {
    ...terminal,
    // The same lines everywhere: no table, and each slot that has moved.
    interactive: false,
    dialogue: undefined,
    warn(text) {
      if (silently || !CLASSIC_COMPLAINT.test(text) || TO_STANDARD_ERROR.test(text)) terminal.warn(text);
      else terminal.print(`${(MILD.test(text) ? paint.warning : paint.bad)(text)}\n`);
    },
    async confirm(question) {
      const reply = await terminal.readLine(silently ? undefined : `${asQuestion(question)} `);
      const isBlank = reply.kind === 'given' && reply.value.trim() === '';
      return isBlank && !somebodySits ? 'nobody' : asAnswer(reply, somebodySits ? 'person' : 'program');
    },
  };
}
