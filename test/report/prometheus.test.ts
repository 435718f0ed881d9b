import { describe, expect, test } from 'vitest';
import { checkMetrics, failedCheckMetrics } from '../../src/report/prometheus.ts';
import { diagnose } from '../../src/topology/diagnose.ts';
import { draw } from '../support/drawing.ts';

const OPTIONS = { minReplicas: 0, maxReplicaLagBytes: 1000 };

function metricsOf(drawing: string): string {
  const { snapshot, named } = draw(drawing);
  const findings = diagnose(snapshot, OPTIONS);
  return named(checkMetrics({ snapshot, findings, searchedOwners: false }, 1_700_000_000));
}

describe('the metrics of a check', () => {
  test('a cluster with a dead replica', () => {
    expect(
      metricsOf(`
        A primary 0-5460
        B primary 5461-16383
        a replica of A
        b replica of B down
      `),
    ).toBe(`# HELP slotctl_check_up Whether the entry node gave a view of the cluster.
# TYPE slotctl_check_up gauge
slotctl_check_up 1
# HELP slotctl_check_time_seconds When the check ended, in Unix time.
# TYPE slotctl_check_time_seconds gauge
slotctl_check_time_seconds 1700000000
# HELP slotctl_cluster_healthy Whether the check found no error.
# TYPE slotctl_cluster_healthy gauge
slotctl_cluster_healthy 0
# HELP slotctl_cluster_slots_covered Slots that a reachable primary owns.
# TYPE slotctl_cluster_slots_covered gauge
slotctl_cluster_slots_covered 16384
# HELP slotctl_cluster_findings What the check found, by severity and kind.
# TYPE slotctl_cluster_findings gauge
slotctl_cluster_findings{severity="error",kind="all"} 1
slotctl_cluster_findings{severity="warning",kind="all"} 0
slotctl_cluster_findings{severity="error",kind="node-unreachable"} 1
# HELP slotctl_node_up Whether the node answered.
# TYPE slotctl_node_up gauge
slotctl_node_up{node="A",id="A",role="primary"} 1
slotctl_node_up{node="a",id="a",role="replica"} 1
slotctl_node_up{node="B",id="B",role="primary"} 1
slotctl_node_up{node="b",id="b",role="replica"} 0
# HELP slotctl_node_slots Slots that the node owns.
# TYPE slotctl_node_slots gauge
slotctl_node_slots{node="A",id="A"} 5461
slotctl_node_slots{node="B",id="B"} 10923
`);
  });

  test('every metric is declared once, and every line is well formed', () => {
    const lines = metricsOf('A primary 0-9 host=h1\na replica of A host=h1 link=down').trimEnd().split('\n');
    const declared = lines.filter(line => line.startsWith('# TYPE')).map(line => line.split(' ')[2]);
    expect(new Set(declared).size).toBe(declared.length);
    for (const line of lines.filter(l => !l.startsWith('#'))) {
      expect(line).toMatch(/^[a-z_]+(\{[a-z]+="[^"\\\n]*"(,[a-z]+="[^"\\\n]*")*\})? \d+$/);
      expect(declared).toContain(/^[a-z_]+/.exec(line)?.[0]);
    }
  });

  test('a cluster that could not be asked', () => {
    const text = failedCheckMetrics(5);
    expect(text).toContain('slotctl_check_up 0\n');
    expect(text).toContain('slotctl_check_time_seconds 5\n');
    expect(text).toContain('slotctl_cluster_healthy 0\n');
  });
});
