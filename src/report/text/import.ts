/** An import in words: what will be taken and what becomes of it, how far it has come, and what came of it. */
import type { ImportPlan, TightNode } from '../../plan/transfer/import.ts';
import type { ImportEvent } from '../../plan/transfer/import-events.ts';
import { type Address, formatAddress } from '../../topology/node.ts';
import type { Alarm } from '../../topology/server-changes.ts';
import type { Paint } from '../paint.ts';
import { columns } from './columns.ts';
import { alarmText, keptText, restlessText, sentAgainText } from './import-verdict.ts';
import { bytes, count, enumerate, NodeNames } from './names.ts';

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
    case 'restless':
      return line({ event: 'note', text: restlessText(event), keys: event.keys });
    case 'sent-again':
      return line({
        event: 'note',
        text: sentAgainText(event),
        keys: event.keys,
        nodes: event.nodes.map(formatAddress),
      });
    case 'kept':
      return line({ event: 'note', text: keptText(event), nodes: event.nodes.map(formatAddress) });
    case 'alarmed':
      return line({ event: 'failed', text: alarmText(event), alarm: alarmLine(event.alarm) });
    case 'failed':
      return line({ event: 'failed', text: event.text });
    case 'interrupted':
      return line({ event: 'interrupted' });
    case 'counted':
      return line({ event: 'result', ...event.result });
  }
}

function alarmLine({ node: _, ...rest }: Alarm): object {
  return rest;
}

function line(content: object): string {
  return `${JSON.stringify({ version: FORMAT_VERSION, ...content })}\n`;
}

function text(lines: readonly string[]): string {
  return lines.map(one => `${one}\n`).join('');
}
