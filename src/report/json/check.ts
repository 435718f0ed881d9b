/** `check` and `info` for programs: one document each. */
import { type ClusterSnapshot, coveredSlots } from '../../topology/snapshot.ts';
import type { Examination } from '../text/check.ts';
import { NodeNames } from '../text/names.ts';
import { asDocument, FORMAT_VERSION, type Id } from './document.ts';
import type { FindingDocument } from './findings.ts';
import { findingDocument } from './findings.ts';
import { type NodeDocument, nodeDocuments } from './nodes.ts';

interface Cluster {
  /** The node whose address was given. */
  readonly entry: Id;
  readonly slotsCovered: number;
  readonly nodes: readonly NodeDocument[];
}

/** `failed` is what the exit code says; it depends on `--fail-on`, as `healthy` does not. */
interface Verdict {
  readonly healthy: boolean;
  readonly failed: boolean;
  readonly searchedOwners: boolean;
  readonly findings: readonly FindingDocument[];
}

/** The entry node gave no view of the cluster. */
export interface NotAsked {
  readonly version: 1;
  readonly error: { readonly node: string; readonly reason: string };
}

export type CheckDocument = { readonly format: 'slotctl-check' } & (
  | ({ readonly version: 1 } & Verdict & Cluster)
  | NotAsked
);

export type InfoDocument = { readonly format: 'slotctl-info' } & (
  | ({ readonly version: 1 } & Cluster)
  | NotAsked
);

export function checkDocument(examination: Examination, failed: boolean): string {
  const { snapshot, findings, searchedOwners } = examination;
  const names = new NodeNames(snapshot);
  const document: CheckDocument = {
    format: 'slotctl-check',
    version: FORMAT_VERSION,
    healthy: !findings.some(f => f.severity === 'error'),
    failed,
    searchedOwners,
    findings: findings.map(finding => findingDocument(finding, names)),
    ...clusterOf(snapshot),
  };
  return asDocument(document);
}

export function infoDocument(snapshot: ClusterSnapshot): string {
  const document: InfoDocument = { format: 'slotctl-info', version: FORMAT_VERSION, ...clusterOf(snapshot) };
  return asDocument(document);
}

function clusterOf(snapshot: ClusterSnapshot): Cluster {
  return {
    entry: snapshot.entry,
    slotsCovered: coveredSlots(snapshot).size,
    nodes: nodeDocuments(snapshot),
  };
}

export function failureDocument(
  command: 'check' | 'info' | 'call' | 'set-timeout',
  node: string,
  reason: string,
): string {
  const failure: NotAsked = { version: FORMAT_VERSION, error: { node, reason } };
  return asDocument({ format: `slotctl-${command}`, ...failure });
}
