/** What goes wrong with an import, and what it has to tell, in sentences that lack their last full stop. */
import type { Delay, ImportNote, ImportProblem } from '../../plan/transfer/import-events.ts';
import { formatAddress } from '../../topology/node.ts';
import { describeMoveProblem, megabytes } from './move-problem.ts';
import { NOTES } from './note.ts';
import { sentences } from './sentences.ts';

const describeDelay = sentences<Delay>({
  'no-owner': () => 'nobody owns their slots',
  'keys-gone': () => 'keys were gone for a moment',
  said: ({ node, message }) => (node === undefined ? message : `${node}: ${message}`),
});

export const describeImportNote = sentences<ImportNote>({
  ...NOTES,
  'delivery-waits': ({ why }) => `${describeDelay(why)}; trying again`,
  'goes-on-there': ({ node, message }) => `${node}: ${message}; going on there`,
  'source-restarted': () => 'the source was restarted; its keys are read again from the beginning',
  'imports-alone': note => `importing ${note.key} alone: it takes ${megabytes(note.bytes)}`,
  'stays-at-source': note =>
    `${note.key} (${megabytes(note.bytes)}) stays at the source: it would block both servers for longer than half the node timeout (${note.nodeTimeoutMs} ms); --allow-blocking moves it anyway`,
});

export const describeImportProblem = sentences<ImportProblem>({
  node: describeMoveProblem,
  'not-rescued': describeMoveProblem,
  'entry-node': ({ message }) => message,
  source: ({ at, message }) => `the source ${formatAddress(at)}: ${message}`,
  'endless-scan': ({ at, cursor }) =>
    `the source ${at} does not come to an end of its keys (SCAN, cursor ${cursor})`,
  'source-slots-moving': ({ node }) =>
    `slots of the source are on the move: ${node} no longer has all of its keys. Let that end, and run the same command again`,
  'migrate-refused': ({ node, message }) => `MIGRATE was refused by ${node}: ${message}`,
  'keys-refused': ({ at, message, hint }) =>
    `${formatAddress(at)} takes no keys: ${message}${hint ? ` (${HINTS[hint]})` : ''}`,
  'keys-not-accepted': ({ why, outOfReach }) => {
    const advice = outOfReach
      ? `. The source itself must connect to ${outOfReach.host}:${outOfReach.port}; it cannot, or gets no answer, although this machine does. It uses TLS there only with tls-cluster yes. --through-here passes the values through this machine`
      : '';
    return `keys are not accepted: ${describeDelay(why)}${advice}`;
  },
  'too-big-to-rescue': ({ node, key, file }) =>
    `${node} has another value for ${key}, which is too big for ${file}; both are kept (--no-rescue overwrites it anyway)`,
});

const HINTS = {
  version: 'its version is older than that of the source, or of another kind',
  rights: '+restore +restore-asking +select and the keys',
  login: 'the source logs in there as we do',
} as const;
