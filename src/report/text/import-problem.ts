/** What goes wrong with an import, and what it has to tell, in sentences that lack their last full stop. */
import type { ImportNote, ImportProblem } from '../../plan/transfer/import-events.ts';
import { formatAddress } from '../../topology/node.ts';
import { describeMoveProblem, megabytes } from './move-problem.ts';
import { describeNote } from './note.ts';

export function describeImportNote(note: ImportNote): string {
  switch (note.kind) {
    case 'delivery-waits':
      return `${note.why}; trying again`;
    case 'goes-on-there':
      return `${note.node}: ${note.message}; going on there`;
    case 'source-restarted':
      return 'the source was restarted; its keys are read again from the beginning';
    case 'imports-alone':
      return `importing ${note.key} alone: it takes ${megabytes(note.bytes)}`;
    case 'stays-at-source':
      return `${note.key} (${megabytes(note.bytes)}) stays at the source: it would block both servers for longer than half the node timeout (${note.nodeTimeoutMs} ms); --allow-blocking moves it anyway`;
    default:
      return describeNote(note);
  }
}

export function describeImportProblem(problem: ImportProblem): string {
  switch (problem.kind) {
    case 'entry-node':
      return problem.message;
    case 'source':
      return `the source ${formatAddress(problem.at)}: ${problem.message}`;
    case 'endless-scan':
      return `the source ${problem.at} does not come to an end of its keys (SCAN, cursor ${problem.cursor})`;
    case 'source-slots-moving':
      return `slots of the source are on the move: ${problem.node} no longer has all of its keys. Let that end, and run the same command again`;
    case 'migrate-refused':
      return `MIGRATE was refused by ${problem.node}: ${problem.message}`;
    case 'keys-refused': {
      const hint = problem.hint ? ` (${HINTS[problem.hint]})` : '';
      return `${formatAddress(problem.at)} takes no keys: ${problem.message}${hint}`;
    }
    case 'keys-not-accepted': {
      const { why, outOfReach } = problem;
      const advice = outOfReach
        ? `. The source itself must connect to ${outOfReach.host}:${outOfReach.port}; it cannot, or gets no answer, although this machine does. It uses TLS there only with tls-cluster yes. --through-here passes the values through this machine`
        : '';
      return `keys are not accepted: ${why}${advice}`;
    }
    case 'too-big-to-rescue':
      return `${problem.node} has another value for ${problem.key}, which is too big for ${problem.file}; both are kept (--no-rescue overwrites it anyway)`;
    default:
      return describeMoveProblem(problem);
  }
}

const HINTS = {
  version: 'its version is older than that of the source, or of another kind',
  rights: '+restore +restore-asking +select and the keys',
  login: 'the source logs in there as we do',
} as const;
