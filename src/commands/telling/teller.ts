/** Tells what goes on: in words, or as one object of JSON per line, of which the last is the end. */
import type { Refusal } from '../../plan/refusal.ts';
import { classicRefusal } from '../../report/classic/refusal.ts';
import { eventLine } from '../../report/json/change-events.ts';
import { FORMAT_VERSION } from '../../report/json/document.ts';
import { tagged } from '../../report/text/complaint.ts';
import { NodeNames, vocabularyOf } from '../../report/text/names.ts';
import { describeRefusal } from '../../report/text/refusal.ts';
import type { Terminal } from '../../terminal.ts';
import type { Severity } from '../../topology/finding.ts';
import type { ClusterSnapshot } from '../../topology/snapshot.ts';
import type { Ending } from '../change.ts';
import { type Context, EXIT, type ExitCode } from '../context.ts';
import { explainFailure } from './failures.ts';

const NOBODY = new NodeNames();

export interface Telling {
  readonly command: string;
  readonly json: boolean;
  /** Of a backup and a restore, scripts look for warnings among the results, and programs know sentences with their tags. */
  readonly tagsEverywhere?: boolean;
}

export class Teller {
  /** Whether a program reads it. */
  readonly json: boolean;
  readonly #command: string;
  readonly #tagsEverywhere: boolean;
  readonly #conventions: Context['conventions'];
  readonly #terminal: Terminal;
  /** Steps of one stage often fail for one reason. */
  readonly #complaints = new Set<string>();
  #failed = false;

  constructor(
    { command, json, tagsEverywhere = false }: Telling,
    { terminal, conventions }: Pick<Context, 'terminal' | 'conventions'>,
  ) {
    this.json = json;
    this.#command = command;
    this.#tagsEverywhere = tagsEverywhere;
    this.#conventions = conventions;
    this.#terminal = terminal;
  }

  /** Whether anything went wrong so far. */
  get failed(): boolean {
    return this.#failed;
  }

  /** What has no object is only for people, and what has no text only for programs. */
  say(text: string, object?: object): void {
    if (!this.json) this.print(text);
    else if (object) this.print(`${JSON.stringify({ version: FORMAT_VERSION, ...object })}\n`);
  }

  /** For whoever reads it, as it is. */
  print(text: string): void {
    if (text !== '') this.#terminal.print(text);
  }

  /** For people, and no result. */
  note(text: string): void {
    if (!this.json) this.#terminal.warn(text);
  }

  warn(text: string): void {
    const line = tagged('warning', text);
    if (this.json) this.#event({ event: 'note', text: this.#tagsEverywhere ? line : text });
    else if (this.#tagsEverywhere) this.print(`${this.#terminal.paint.warning(line)}\n`);
    else this.#terminal.warn(line, 'warning');
  }

  problem(
    text: string,
    object: object = { event: 'problem', text: tagged('error', text) },
    severity: Severity = 'error',
  ): void {
    this.fail(object);
    if (!this.json) this.complain(severity, text);
  }

  /** For people it has been said often enough. */
  fail(object: object): void {
    this.#failed = true;
    this.say('', object);
  }

  /** On standard error also where a program reads the rest. */
  complain(severity: Severity, text: string): void {
    this.#complain(tagged(severity, text), severity);
  }

  /** `seen`: for the names of those whom it is about. */
  refused(refusals: readonly Refusal[], seen: ClusterSnapshot | undefined): Ending {
    const names = new NodeNames(seen);
    if (this.json) this.print(eventLine({ event: 'refused', command: this.#command, refusals }, names));
    else
      for (const refusal of refusals) {
        this.#complainAsClassic(refusal, seen);
        this.complain('error', describeRefusal(refusal, names));
      }
    return { code: EXIT.refused };
  }

  /** `text` stands as it is where all is not well, and then its severity says where classic tools print it. */
  end(code: ExitCode, text = '', severity?: Severity): ExitCode {
    const praise = `[OK] ${text}`;
    if (this.json) this.ended('end', code, code === EXIT.done && this.#tagsEverywhere ? praise : text);
    else if (code === EXIT.done && text !== '') this.print(`${this.#terminal.paint.good(praise)}\n`);
    else if (text !== '') this.#terminal.warn(text, severity);
    return code;
  }

  /** For programs: of all, or of a round. */
  ended(event: 'end' | 'round-done', code: ExitCode, text: string): void {
    this.#event({ event, command: this.#command, code, text });
  }

  /** For programs there is a last line whatever happens; people are told by whoever catches the error. */
  async toItsEnd(work: () => Promise<ExitCode>): Promise<ExitCode> {
    try {
      return await work();
    } catch (error) {
      const { code, text = '' } = explainFailure(error);
      if (this.json) this.end(code, text.split('\n', 1)[0]);
      throw error;
    }
  }

  #event(event: Parameters<typeof eventLine>[0]): void {
    this.print(eventLine(event, NOBODY));
  }

  #complain(line: string, severity?: Severity): void {
    if (this.#complaints.has(line)) return;
    this.#complaints.add(line);
    this.#terminal.warn(line, severity);
  }

  #complainAsClassic(refusal: Refusal, seen: ClusterSnapshot | undefined): void {
    if (this.#conventions !== 'classic') return;
    const primary = seen && vocabularyOf(seen).primaries === 'primaries' ? 'primary' : 'master';
    const line = classicRefusal(refusal, this.#command, primary);
    if (line) this.#complain(line.text, line.severity);
  }
}
