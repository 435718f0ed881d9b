/** An import in words: what will be taken and what becomes of it, how far it has come, and what came of it. */
import type { ImportPlan, TightNode } from '../../plan/transfer/import.ts';
import type { ImportEvent } from '../../plan/transfer/import-events.ts';
import { type Address, formatAddress } from '../../topology/node.ts';
import type { Paint } from '../paint.ts';
import { columns, textOf } from './columns.ts';
import { rate } from './moves.ts';
import { bytes, count, enumerate, NodeNames } from './names.ts';

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
  return textOf([
    paint.heading(`>>> Importing data from ${formatAddress(from)} to cluster ${names.of(plan.before.entry)}`),
    `The source is ${what} (${product} ${enumerate(versions)}).`,
    ...(rows.length > 0 ? columns(['database', 'keys', 'goes to'], rows, paint) : []),
    ...(plan.throughHere ? ['Values pass through this machine.'] : []),
    ...(plan.sourceLogsIn ? [LOGIN_TEXT] : []),
    ...plan.tight.map(node => paint.warning(`[WARNING] ${tightText(node, names, copy)}`)),
    copy
      ? 'The source keeps its keys.'
      : 'Keys leave the source as they arrive in the cluster (--cluster-copy keeps them there).',
  ]);
}

const LOGIN_TEXT =
  'The source logs in to the cluster with our login, and so learns our password (--through-here keeps it from the source).';

function tightText(
  { node, bytes: wanted, most, evicts }: TightNode,
  names: NodeNames,
  copy: boolean,
): string {
  const consequence = evicts ? 'it would evict keys' : 'it would refuse the rest';
  const end = copy ? 'Not all may arrive' : 'Keys may be lost';
  return `${names.of(node)} would need about ${bytes(wanted)} but has ${bytes(most)} (maxmemory): ${consequence}. ${end}.`;
}

/** How far it has come. */
export interface ImportPace {
  readonly keys: number;
  readonly of: number;
  readonly ms: number;
}

export function importingLine({ keys, of, ms }: ImportPace): string {
  const left = keys > 0 && keys < of ? `, ${roughly(((of - keys) * ms) / keys)} left` : '';
  return `Imported ${keys} of ${count(of, 'key')} (${rate(keys, ms)} keys/s${left})`;
}

function roughly(ms: number): string {
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
