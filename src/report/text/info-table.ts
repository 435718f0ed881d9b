/** `info` on a terminal: a row for each node. Apart from the rest because it is the only user of cli-table3. */
import Table from 'cli-table3';
import { lagBytes } from '../../topology/diagnose/replicas.ts';
import type { ClusterNode } from '../../topology/node.ts';
import { SLOT_COUNT } from '../../topology/slot-set.ts';
import {
  believedNodes,
  type ClusterSnapshot,
  type NodeView,
  replicasByPrimary,
} from '../../topology/snapshot.ts';
import type { Paint } from '../paint.ts';
import { problemLines } from './info.ts';
import { bytes, NodeNames } from './names.ts';
import { inShardOrder, keyLines } from './nodes.ts';

const HEADINGS = [
  'node',
  'role',
  'host',
  'slots',
  'share',
  'keys',
  'memory',
  'clients',
  'ops/s',
  'replicas',
  'lag',
  'version',
];
const NUMBERS_FROM = 3;

// No rules: with them a row is wider than most terminals, and the columns are clear without.
const EDGES = ['top', 'bottom', 'left', 'right', 'mid', 'middle'];
const JOINTS = ['top', 'bottom', 'left', 'right', 'mid'].flatMap(a =>
  ['left', 'mid', 'right'].map(b => `${a}-${b}`),
);
const NO_RULES = Object.fromEntries([...EDGES, ...JOINTS].map(name => [name, '']));

export function renderInfoTable(snapshot: ClusterSnapshot, paint: Paint): string {
  const nodes = believedNodes(snapshot);
  const names = new NodeNames(snapshot);
  const views = new Map(snapshot.views.map(view => [view.id, view]));
  const replicas = replicasByPrimary(nodes.values());
  const table = new Table({
    head: HEADINGS.map(paint.heading),
    colAligns: HEADINGS.map((_, i) => (i < NUMBERS_FROM || i === HEADINGS.length - 1 ? 'left' : 'right')),
    chars: NO_RULES,
    style: { head: [], border: [], compact: true, 'padding-left': 0, 'padding-right': 2 },
  });
  for (const node of inShardOrder(nodes)) {
    const view = views.get(node.id);
    table.push([
      names.of(node.id),
      role(node, paint),
      node.address?.hostname ?? node.address?.host ?? view?.address.host ?? '-',
      ...slotCells(node),
      ...(view ? serverCells(view) : [paint.bad('no answer'), '-', '-', '-']),
      node.role === 'primary' ? `${replicas.get(node.id)?.length ?? 0}` : '',
      view ? lag(view, views, paint) : '-',
      view ? `${view.server.product} ${view.server.version}` : '-',
    ]);
  }
  const summary = keyLines(snapshot, nodes, paint).slice(-2);
  return `${[table.toString(), ...summary, ...problemLines(snapshot, paint)].join('\n')}\n`;
}

function role(node: ClusterNode, paint: Paint): string {
  if (node.role === 'replica') return paint.faint('  replica');
  return node.role;
}

function slotCells(node: ClusterNode): [string, string] {
  if (node.role !== 'primary') return ['', ''];
  return [`${node.slots.size}`, `${((100 * node.slots.size) / SLOT_COUNT).toFixed(1)} %`];
}

function serverCells({ server }: NodeView): string[] {
  const memory = server.usedMemoryBytes;
  return [
    `${server.keys ?? '?'}`,
    memory === undefined ? '?' : bytes(memory),
    `${server.connectedClients ?? '?'}`,
    `${server.opsPerSecond ?? '?'}`,
  ];
}

function lag(view: NodeView, views: ReadonlyMap<NodeView['id'], NodeView>, paint: Paint): string {
  const { replication } = view.server;
  if (replication.role === 'primary') return '';
  if (replication.link !== 'up') return paint.bad(replication.link === 'down' ? 'link down' : 'syncing');
  const behind = lagBytes({ views }, view);
  return behind === undefined ? '?' : bytes(behind);
}
