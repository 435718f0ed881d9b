/** What is wrong with a cluster, for programs. */
import { type Finding, type FindingOf, MEANINGS } from '../../topology/finding.ts';
import { describeFinding } from '../text/finding.ts';
import type { NodeNames } from '../text/names.ts';
import { place } from './document.ts';
import type { BareFinding, CopyProgress, FindingDocument, OpenTo, WrongPlace } from './finding-document.ts';

export function findingDocument(finding: Finding, names: NodeNames): FindingDocument {
  return {
    ...bareFinding(finding),
    summary: describeFinding(finding, names),
    meaning: MEANINGS[finding.kind],
  };
}

export function wrongPlace({
  node,
  at,
  answeredBy,
  isMember,
  heardBy,
  mapLine,
}: Omit<FindingOf<'wrong-address'>, 'kind' | 'severity' | 'nodes' | 'slots'>): WrongPlace {
  return { node, at: place(at), answeredBy, isMember, heardBy, mapLine };
}

export function copyProgress({ stage, doneBytes, ofBytes }: CopyProgress): CopyProgress {
  return { stage, doneBytes, ofBytes };
}

export function bareFinding(finding: Finding): BareFinding {
  const about = { severity: finding.severity, nodes: finding.nodes, slots: finding.slots.toJSON() };
  switch (finding.kind) {
    case 'node-unreachable': {
      const { kind, address, reason, loading } = finding;
      return { kind, ...about, address: address && place(address), reason, loading };
    }
    case 'slots-uncovered':
    case 'owner-unreachable':
    case 'slots-claimed-twice':
    case 'state-unknown':
    case 'primary-empty':
      return { kind: finding.kind, ...about };
    case 'slot-maps-disagree': {
      const disputes = finding.disputes.map(({ slots, opinions }) => ({
        slots: slots.toJSON(),
        opinions: opinions.map(({ owner, saidBy }) => ({ owner, saidBy })),
      }));
      return { kind: finding.kind, ...about, disputes, ignorant: finding.ignorant };
    }
    case 'state-not-ok':
      return {
        kind: finding.kind,
        ...about,
        passesWithinMs: finding.passesWithinMs,
        loading: finding.loading,
      };
    case 'node-failed':
    case 'node-suspected':
      return { kind: finding.kind, ...about, saidBy: finding.saidBy };
    case 'slots-open': {
      const { kind, replica, migrating, importing } = finding;
      return { kind, ...about, replica, migrating: migrating.map(openTo), importing: importing.map(openTo) };
    }
    case 'keys-astray':
      return { kind: finding.kind, ...about, keys: finding.keys };
    case 'keys-uncounted':
      return { kind: finding.kind, ...about, reason: finding.reason };
    case 'addresses-disagree': {
      const opinions = finding.opinions.map(({ address, saidBy }) => ({ address: place(address), saidBy }));
      return { kind: finding.kind, ...about, opinions };
    }
    case 'wrong-address':
      return { kind: finding.kind, ...about, ...wrongPlace(finding) };
    case 'members-disagree':
      return { kind: finding.kind, ...about, unknownTo: finding.unknownTo };
    case 'roles-disagree': {
      const opinions = finding.opinions.map(({ role, primary, saidBy }) => ({ role, primary, saidBy }));
      return { kind: finding.kind, ...about, opinions };
    }
    case 'ghost': {
      const { kind, because, address, knownTo } = finding;
      return { kind, ...about, because, address: address && place(address), knownTo };
    }
    case 'replica-of-nobody':
      return { kind: finding.kind, ...about, primary: finding.primary, because: finding.because };
    case 'replica-link-down': {
      const { kind, primary, syncing, copy } = finding;
      return { kind, ...about, primary, syncing, copy: copy && copyProgress(copy) };
    }
    case 'replica-behind':
      return { kind: finding.kind, ...about, primary: finding.primary, bytes: finding.bytes };
    case 'too-few-replicas':
      return { kind: finding.kind, ...about, healthy: finding.healthy, wanted: finding.wanted };
    case 'epochs-equal':
      return { kind: finding.kind, ...about, epoch: finding.epoch };
    case 'bus-links-down':
      return { kind: finding.kind, ...about, missing: finding.missing.map(({ from, to }) => ({ from, to })) };
    case 'replica-on-primary-host':
    case 'siblings-on-one-host': {
      const shared = finding.shared.map(({ host, primary, replicas }) => ({ host, primary, replicas }));
      return { kind: finding.kind, ...about, shared };
    }
    case 'primary-evicting': {
      const { kind, evicted, mostBytes, policy } = finding;
      return { kind, ...about, evicted, mostBytes, policy };
    }
    case 'versions-mixed': {
      const versions = finding.versions.map(({ version, nodes }) => ({ version, nodes }));
      return { kind: finding.kind, ...about, versions };
    }
  }
}

function openTo({ peer, slots }: FindingOf<'slots-open'>['migrating'][number]): OpenTo {
  return { peer, slots: slots.toJSON() };
}
