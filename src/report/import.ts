/** An import in words: what will be taken and what becomes of it, how far it has come, and what came of it. */
import { type ImportEvent, type ImportPlan, type ImportResult, missingKeys } from '../plan/import.ts';
import { type Address, formatAddress } from '../topology/node.ts';
import { columns } from './columns.ts';
import { count, enumerate, NodeNames } from './names.ts';
import type { Paint } from './paint.ts';

const FORMAT_VERSION = 1;

export interface ImportHeading {
  readonly from: Address;
  readonly copy: boolean;
}

export function renderImport(plan: ImportPlan, { from, copy }: ImportHeading, paint: Paint): string {
  const names = new NodeNames(plan.before);
  const { nodes, cluster } = plan.source;
  const versions = [...new Set(nodes.map(({ server }) => server.version))];
  const product = nodes[0]?.server.product === 'valkey' ? 'Valkey' : 'Redis';
  const what = cluster
    ? `a node of a cluster of ${count(nodes.length, 'primary', 'primaries')}`
    : 'a server by itself';
  const rows = plan.databases.map(({ database, into, prefix, keys }) => [
    `${database}`,
    `${keys}`,
    prefix === '' ? `database ${into}` : `database ${into}, as ${prefix}KEY`,
  ]);
  return text([
    paint.heading(`>>> Importing data from ${formatAddress(from)} to cluster ${names.of(plan.before.entry)}`),
    `The source is ${what} (${product} ${enumerate(versions)}).`,
    ...(rows.length > 0 ? columns(['database', 'keys', 'goes to'], rows, paint) : []),
    ...(plan.throughHere ? ['Values come by way of this machine.'] : []),
    copy
      ? 'The source keeps its keys.'
      : 'Keys leave the source as they arrive in the cluster (--cluster-copy keeps them there).',
  ]);
}

/** How far it has come. */
export interface ImportPace {
  readonly keys: number;
  readonly of: number;
  readonly ms: number;
}

export function importingLine({ keys, of, ms }: ImportPace): string {
  const perSecond = ms > 0 ? (keys * 1000) / ms : 0;
  const left = keys > 0 && keys < of ? `, ${seconds(((of - keys) * ms) / keys)} left` : '';
  return `Imported ${keys} of ${count(of, 'key')} (${Math.round(perSecond)} keys/s${left})`;
}

function seconds(ms: number): string {
  const all = Math.ceil(ms / 1000);
  return all < 60 ? `${all} s` : `${Math.floor(all / 60)} min ${all % 60} s`;
}

/** As a line for people, where there is one. */
export function importEventText(event: ImportEvent, paint: Paint): string {
  switch (event.kind) {
    case 'database-began':
      return `${paint.heading(`*** Importing ${event.database.keys} keys from DB ${event.database.database}`)}\n`;
    case 'carried':
      return (event.names ?? [])
        .map(key => `Migrating ${plainName(key)} to ${formatAddress(event.to)}: OK\n`)
        .join('');
    default:
      return '';
  }
}

/** Without quotation marks where it needs none. */
function plainName(key: string): string {
  return /^"[\x21\x23-\x5b\x5d-\x7e]+"$/.test(key) ? key.slice(1, -1) : key;
}

export function clashText({ key, database, node }: Extract<ImportEvent, { kind: 'clash' }>): string {
  return `${key} of database ${database} has another value on ${formatAddress(node)}; both are kept (--cluster-replace keeps the cluster’s in a file, and goes on).`;
}

export interface ImportVerdict {
  /** Nothing has gone wrong, and nothing is left that was to come. */
  readonly isDone: boolean;
  readonly lines: readonly string[];
  readonly problems: readonly string[];
}

/** What the counts say. */
export function judgeImport(result: ImportResult, copy: boolean): ImportVerdict {
  const { source, cluster, clashing, giants, outvoted, alreadyThere, overwritten, rescueFile } = result;
  const problems: string[] = [];
  if (clashing > 0) problems.push(`${count(clashing, 'key')} had other values in the cluster, and stayed.`);
  if (giants > 0) problems.push(`${count(giants, 'key')} stayed for being too big.`);
  const { unexplained, evicted } = missingKeys(result);
  if (evicted > 0)
    problems.push(
      `The cluster evicted ${count(evicted, 'key')} meanwhile: it has too little memory (maxmemory).`,
    );
  if (unexplained > 0)
    problems.push(
      `The cluster has ${count(unexplained, 'key')} fewer than it should: clients may have deleted them meanwhile.`,
    );
  if (result.sourceMoved)
    problems.push(
      'Slots of the source moved meanwhile, and keys may have been missed. The same command again takes them.',
    );
  const late = source.after - clashing - giants - outvoted;
  if (!copy && late > 0)
    problems.push(
      `${count(late, 'key')} came to the source meanwhile, and ${late === 1 ? 'is' : 'are'} still there. The same command again takes them.`,
    );
  const lines = [
    `The source had ${count(source.before, 'key')} and has ${source.after}; the cluster had ${cluster.before} and has ${cluster.after}.`,
    ...(alreadyThere > 0 ? [`Already there with the same value: ${alreadyThere}.`] : []),
    ...(overwritten > 0
      ? [
          `Values of the cluster that gave way: ${overwritten}${rescueFile ? `, kept in ${rescueFile} (slotctl rescue)` : ''}.`,
        ]
      : []),
    ...(outvoted > 0 ? [`Left at the source because a higher database has the key, too: ${outvoted}.`] : []),
    ...(result.expired > 0 ? [`Expired meanwhile: ${result.expired}.`] : []),
    ...(copy && source.after > source.before
      ? [`Keys that came to the source meanwhile may not have been taken: ${source.after - source.before}.`]
      : []),
  ];
  return { isDone: problems.length === 0, lines, problems };
}

/** One JSON object in a line. */
export function importPlanLine(plan: ImportPlan, { from, copy }: ImportHeading): string {
  const { nodes, cluster } = plan.source;
  return line({
    event: 'plan',
    command: 'import',
    source: {
      address: formatAddress(from),
      kind: cluster ? 'cluster' : 'standalone',
      nodes: nodes.map(({ address, server }) => ({
        address: formatAddress(address),
        product: server.product,
        version: server.version,
      })),
    },
    copy,
    throughHere: plan.throughHere,
    databases: plan.databases,
    keys: plan.keys,
  });
}

export function importEventLine(event: ImportEvent): string {
  switch (event.kind) {
    case 'database-began':
      return line({ event: 'database', ...event.database });
    case 'carried':
      return line({
        event: 'imported',
        keys: event.keys,
        to: formatAddress(event.to),
        ...(event.names && { names: event.names }),
      });
    case 'clash':
      return line({
        event: 'clash',
        key: event.key,
        database: event.database,
        node: formatAddress(event.node),
      });
    case 'noted':
      return line({ event: 'note', text: event.text });
    case 'failed':
      return line({ event: 'failed', text: event.text });
    case 'interrupted':
      return line({ event: 'interrupted' });
    case 'counted':
      return line({ event: 'result', ...event.result });
  }
}

function line(content: object): string {
  return `${JSON.stringify({ version: FORMAT_VERSION, ...content })}\n`;
}

function text(lines: readonly string[]): string {
  return lines.map(one => `${one}\n`).join('');
}
