/** `check` for the textfile collector of the Prometheus node exporter. */
import type { Finding, Severity } from '../topology/finding.ts';
import { believedNodes, type ClusterSnapshot, coveredSlots } from '../topology/snapshot.ts';
import type { Examination } from './text/check.ts';
import { NodeNames } from './text/names.ts';
import { inShardOrder } from './text/nodes.ts';

type Labels = Readonly<Record<string, string>>;

interface Metric {
  readonly name: string;
  readonly help: string;
  readonly samples: readonly (readonly [Labels, number])[];
}

export function checkMetrics(examination: Examination, finishedAtSeconds: number): string {
  const { snapshot, findings } = examination;
  const errors = findings.filter(f => f.severity === 'error').length;
  return exposition([
    ...outcome(true, finishedAtSeconds, errors === 0),
    gauge(
      'slotctl_cluster_slots_covered',
      'Slots that a reachable primary owns.',
      coveredSlots(snapshot).size,
    ),
    {
      name: 'slotctl_cluster_findings',
      help: 'What the check found, by severity and kind.',
      samples: tally(findings),
    },
    ...nodeMetrics(snapshot),
  ]);
}

/** When the entry node gave no view: the series that alerts watch go to zero instead of going stale. */
export function failedCheckMetrics(finishedAtSeconds: number): string {
  return exposition(outcome(false, finishedAtSeconds, false));
}

function outcome(hasView: boolean, finishedAtSeconds: number, isHealthy: boolean): Metric[] {
  return [
    gauge('slotctl_check_up', 'Whether the entry node gave a view of the cluster.', hasView ? 1 : 0),
    gauge('slotctl_check_time_seconds', 'When the check ended, in Unix time.', finishedAtSeconds),
    gauge('slotctl_cluster_healthy', 'Whether the check found no error.', isHealthy ? 1 : 0),
  ];
}

function gauge(name: string, help: string, value: number): Metric {
  return { name, help, samples: [[{}, value]] };
}

function tally(findings: readonly Finding[]): (readonly [Labels, number])[] {
  const samples = new Map<string, readonly [Labels, number]>();
  // Both severities are always there, so that a query for errors finds a zero and not nothing.
  for (const severity of ['error', 'warning'] satisfies Severity[]) {
    samples.set(severity, [{ severity, kind: 'all' }, findings.filter(f => f.severity === severity).length]);
  }
  for (const { severity, kind } of findings) {
    const key = `${severity} ${kind}`;
    samples.set(key, [{ severity, kind }, (samples.get(key)?.[1] ?? 0) + 1]);
  }
  return [...samples.values()];
}

function nodeMetrics(snapshot: ClusterSnapshot): Metric[] {
  const names = new NodeNames(snapshot);
  const views = new Map(snapshot.views.map(view => [view.id, view]));
  const nodes = inShardOrder(believedNodes(snapshot)).map(node => ({
    node,
    view: views.get(node.id),
    labels: { node: names.of(node.id), id: node.id },
  }));
  const answered = nodes.flatMap(({ view, labels }) => (view ? [{ server: view.server, labels }] : []));
  const gathered = (
    name: string,
    help: string,
    read: (s: (typeof answered)[number]['server']) => number | undefined,
  ) => ({
    name,
    help,
    samples: answered.flatMap(({ server, labels }) => {
      const value = read(server);
      return value === undefined ? [] : [[labels, value] as const];
    }),
  });
  return [
    {
      name: 'slotctl_node_up',
      help: 'Whether the node answered.',
      samples: nodes.map(({ node, view, labels }) => [{ ...labels, role: node.role }, view ? 1 : 0] as const),
    },
    {
      name: 'slotctl_node_slots',
      help: 'Slots that the node owns.',
      samples: nodes.flatMap(({ node, labels }) =>
        node.role === 'primary' ? [[labels, node.slots.size] as const] : [],
      ),
    },
    gathered('slotctl_node_keys', 'Keys on the node.', server => server.keys),
    gathered('slotctl_node_memory_bytes', 'Memory that the node uses.', server => server.usedMemoryBytes),
    gathered('slotctl_node_clients', 'Clients connected to the node.', server => server.connectedClients),
    gathered('slotctl_node_ops_per_second', 'Commands that the node handles.', server => server.opsPerSecond),
  ];
}

function exposition(metrics: readonly Metric[]): string {
  const lines = metrics
    .filter(metric => metric.samples.length > 0)
    .flatMap(({ name, help, samples }) => [
      `# HELP ${name} ${help}`,
      `# TYPE ${name} gauge`,
      ...samples.map(([labels, value]) => `${name}${renderLabels(labels)} ${value}`),
    ]);
  return `${lines.join('\n')}\n`;
}

function renderLabels(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

function escapeLabel(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
