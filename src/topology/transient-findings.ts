/** Findings that pass by themselves: what servers need a moment for, and are no worse off afterwards. */
import type { Finding, FindingKind } from './finding.ts';

/**
 * Nodes are asked one after another, if only by milliseconds, and tell each other of a failover or a moved slot in about
 * a second. In between they seem to disagree.
 */
const PASSING: ReadonlySet<FindingKind> = new Set([
  'slots-claimed-twice',
  'slot-maps-disagree',
  'members-disagree',
  'roles-disagree',
]);
const GOSSIP_MS = 1500;

/**
 * A primary that was cut off, or was stopped, and hears the others again goes on refusing queries for as long as the node
 * timeout, and 5 s at most; after a start, for 2 s. The others may flag it fail for a while, although they hear it.
 */
const REJOINING: ReadonlySet<FindingKind> = new Set([...PASSING, 'state-not-ok', 'node-failed']);
const REJOIN_MS = 5000;

/** A server that loads its data answers when it is through; until then its slots are nobody's. */
const LOADING: ReadonlySet<FindingKind> = new Set([...REJOINING, 'node-unreachable', 'owner-unreachable']);

/**
 * Whether a second look may find that nothing of it is left. A replica without a link is part of that picture, since
 * after a failover every replica has to find its new primary; alone it is not.
 */
export function mayPass(findings: readonly Finding[]): boolean {
  const errors = errorsOf(findings);
  return errors.length > 0 && errors.every(passes(errors));
}

/** A node that was reset is still heard for a moment, as what it was; till then it could not be asked either. */
function passes(errors: readonly Finding[]): (finding: Finding) => boolean {
  const reset = new Set(
    errors.flatMap(f => (f.kind === 'wrong-address' && !f.isMember ? f.nodes.slice(0, 1) : [])),
  );
  return ({ kind, nodes: [node] }) =>
    PASSING.has(kind) ||
    (RESET.has(kind) && node !== undefined && reset.has(node)) ||
    // Those that are affected by its being gone are looked at once more with it.
    (kind === 'state-not-ok' && reset.size > 0);
}

const RESET: ReadonlySet<FindingKind> = new Set(['wrong-address', 'node-unreachable', 'owner-unreachable']);

/** After how long all of it has passed by itself, at most; 0 where something will not. `loadingMs`: for servers that load. */
export function passesWithinMs(findings: readonly Finding[], loadingMs = 0): number {
  const errors = errorsOf(findings);
  if (mayPass(findings)) return GOSSIP_MS;
  const isLoading = errors.some(isAboutLoading);
  // Links are missing for a moment after a start; if they stay away, so does the flag.
  if (areAll(REJOINING, errors) && !isLoading)
    return areFailedHeard(findings) ? REJOIN_MS + GOSSIP_MS : GOSSIP_MS;
  const areAllLoading = errors.every(f => f.kind !== 'node-unreachable' || f.loading);
  return areAll(LOADING, errors) && isLoading && areAllLoading ? loadingMs : 0;
}

function isAboutLoading(finding: Finding): boolean {
  return (finding.kind === 'node-unreachable' || finding.kind === 'state-not-ok') && finding.loading === true;
}

/** Nobody is flagged fail to whom links are missing. */
function areFailedHeard(findings: readonly Finding[]): boolean {
  const failed = new Set(findings.flatMap(f => (f.kind === 'node-failed' ? f.nodes : [])));
  return !findings.some(f => f.kind === 'bus-links-down' && f.nodes.some(id => failed.has(id)));
}

function errorsOf(findings: readonly Finding[]): Finding[] {
  return findings.filter(f => f.severity === 'error' && f.kind !== 'replica-link-down');
}

function areAll(kinds: ReadonlySet<FindingKind>, errors: readonly Finding[]): boolean {
  return errors.length > 0 && errors.every(f => kinds.has(f.kind));
}

/** Where nothing is wrong but that some nodes refuse queries, they stop doing so: what keeps others down is seen. */
export function withPassing(findings: readonly Finding[]): Finding[] {
  const isAlone = findings.every(
    f => (f.kind === 'state-not-ok' && !f.loading) || (f.severity === 'warning' && !CUT_OFF.has(f.kind)),
  );
  return findings.map(f => (isAlone && f.kind === 'state-not-ok' ? { ...f, passesWithinMs: REJOIN_MS } : f));
}

const CUT_OFF: ReadonlySet<FindingKind> = new Set(['node-suspected', 'bus-links-down']);
