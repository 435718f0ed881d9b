/** What is wrong, or may be: how grave it is, and a sentence. Scripts look for the tag that stands before it. */
import type { Severity } from '../../topology/finding.ts';

export interface Complaint {
  readonly severity: Severity;
  readonly text: string;
}

const TAGS: Readonly<Record<Severity, string>> = { error: '[ERR]', warning: '[WARNING]' };

export function tagged(severity: Severity, text: string): string {
  return `${TAGS[severity]} ${text}`;
}
