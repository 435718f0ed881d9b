/** One sentence for each finding: what is the case, and with whom. What it means is the finding's own business. */
import type { Finding, FindingOf, OpenPeer, RoleOpinion, SharedHost } from '../../topology/finding.ts';
import { formatAddress } from '../../topology/node.ts';
import type { SlotSet } from '../../topology/slot-set.ts';
import { describeCopyState } from './full-syncs.ts';
import { bytes, count, enumerate, type NodeNames } from './names.ts';
import { wrongAddress } from './wrong-address.ts';

export function describeFinding(finding: Finding, names: NodeNames): string {
  const [node] = finding.nodes;
  const who = node ? names.of(node) : 'nobody';
  const slots = showSlots(finding.slots);
  switch (finding.kind) {
    case 'slots-uncovered':
      return `No node owns ${slots}.`;
    case 'owner-unreachable':
      return `The owner of ${slots}, ${who}, could not be asked.`;
    case 'slots-claimed-twice':
      return `${names.list(finding.nodes)} ${finding.nodes.length === 2 ? 'both' : 'all'} claim ${slots}.`;
    case 'slot-maps-disagree':
      return `Nodes disagree about ${slots}: ${disputes(finding, names)}.`;
    case 'state-not-ok':
      return `${names.list(finding.nodes)} ${finding.nodes.length === 1 ? 'says' : 'say'} cluster_state:fail${passing(finding)}.`;
    case 'node-unreachable':
      return `${finding.address ? formatAddress(finding.address) : who} could not be asked: ${finding.reason}.`;
    case 'wrong-address':
      return wrongAddress(finding, names);
    case 'node-failed':
      return `${who} is flagged fail by ${names.list(finding.saidBy)}.`;
    case 'node-suspected':
      return `${who} is flagged fail? by ${names.list(finding.saidBy)}.`;
    case 'members-disagree':
      return `${names.list(finding.unknownTo)} ${finding.unknownTo.length === 1 ? 'does' : 'do'} not know ${names.list(finding.nodes)}.`;
    case 'roles-disagree':
      return `${who} is taken for ${finding.opinions.map(opinion => roleOpinion(opinion, names)).join(', for ')}.`;
    case 'keys-astray':
      return finding.slots.size === 0
        ? `${who} holds ${count(finding.keys, 'key')} in slots that it does not own; it does not tell in which.`
        : `${who} holds ${count(finding.keys, 'key')} in ${slots}, which it does not own.`;
    case 'keys-uncounted':
      return `The keys of ${who} could not be counted: ${finding.reason}.`;
    case 'state-unknown':
      return `The cluster_state of ${names.list(finding.nodes)} could not be read.`;
    case 'addresses-disagree':
      return `${who} is ${finding.opinions
        .map(({ address, saidBy }) => `at ${formatAddress(address)} according to ${names.list(saidBy)}`)
        .join(', ')}.`;
    case 'slots-open':
      return `${who}${finding.replica ? ' (a replica)' : ''} has ${openParts(finding.migrating, finding.importing, names)}.`;
    case 'replica-of-nobody': {
      const { because, primary } = finding;
      if (because === 'unnamed') return `${who} is a replica and does not know of which primary.`;
      if (because === 'unknown') return `${who} replicates ${primary}, a node that nobody knows.`;
      return `${who} replicates ${primary ? names.of(primary) : '?'}, which is a replica itself.`;
    }
    case 'replica-link-down':
      if (finding.copy) return `${describeCopyState(finding.copy, who, names.of(finding.primary))}.`;
      return finding.syncing
        ? `${who} is still copying the data of its primary ${names.of(finding.primary)}.`
        : `${who} has no replication link to its primary ${names.of(finding.primary)}.`;
    case 'replica-behind':
      return `${who} is ${bytes(finding.bytes)} behind its primary ${names.of(finding.primary)}.`;
    case 'too-few-replicas':
      return `${who} has ${count(finding.healthy, 'healthy replica')} of ${finding.wanted} wanted.`;
    case 'ghost':
      return `${ghost(finding)} (${node}) is still known to ${names.list(finding.knownTo)}.`;
    case 'epochs-equal':
      return `${names.list(finding.nodes)} have the same config epoch ${finding.epoch}.`;
    case 'bus-links-down':
      return `No cluster bus link ${enumerate(
        finding.missing.slice(0, 6).map(({ from, to }) => `from ${names.of(from)} to ${names.of(to)}`),
      )}${finding.missing.length > 6 ? `, and ${finding.missing.length - 6} more` : ''}.`;
    case 'replica-on-primary-host':
      return `${onPrimaryHost(finding.shared, names)}.`;
    case 'siblings-on-one-host':
      return `${siblings(finding.shared, names)}.`;
    case 'primary-empty':
      return `${who} is a primary without slots.`;
    case 'primary-evicting':
      return `${who} evicts keys: ${finding.evicted} since it started (maxmemory ${bytes(finding.mostBytes)}, ${finding.policy}).`;
    case 'versions-mixed':
      return `Versions differ: ${finding.versions
        .map(({ version, nodes }) => `${version} on ${names.list(nodes)}`)
        .join('; ')}.`;
  }
}

/** A server says nothing of the delay that it keeps, nor of how much is left. */
function passing({ passesWithinMs: ms, loading }: FindingOf<'state-not-ok'>): string {
  if (loading) return ' while loading data';
  return ms === undefined ? '' : `; nothing else is wrong, and this clears by itself within ${ms / 1000} s`;
}

const MAX_RANGES = 8;

export function showSlots(slots: SlotSet): string {
  const ranges = slots.ranges
    .slice(0, MAX_RANGES)
    .map(r => (r.first === r.last ? `${r.first}` : `${r.first}-${r.last}`));
  const more = slots.ranges.length - ranges.length;
  return `slot${slots.size === 1 ? '' : 's'} ${ranges.join(',')}${more > 0 ? ` and ${count(more, 'more range')}` : ''}`;
}

function openParts(migrating: readonly OpenPeer[], importing: readonly OpenPeer[], names: NodeNames): string {
  return enumerate([
    ...migrating.map(({ peer, slots }) => `${showSlots(slots)} in migrating state to ${names.of(peer)}`),
    ...importing.map(({ peer, slots }) => `${showSlots(slots)} in importing state from ${names.of(peer)}`),
  ]);
}

function disputes({ disputes: all, ignorant }: FindingOf<'slot-maps-disagree'>, names: NodeNames): string {
  const clauses = all.map(({ slots, opinions }) => {
    // Where there is one dispute only, its slots were just named.
    const what = all.length + ignorant.length === 1 ? '' : `${showSlots(slots)} `;
    const sides = opinions.map(({ owner, saidBy }) => {
      return `${owner ? names.of(owner) : 'nobody'} according to ${names.list(saidBy)}`;
    });
    return `${what}owned by ${sides.join(', by ')}`;
  });
  if (ignorant.length > 0) {
    clauses.push(`${names.list(ignorant)} ${ignorant.length === 1 ? 'knows' : 'know'} of no owner for any`);
  }
  return clauses.join('; ');
}

function roleOpinion({ role, primary, saidBy }: RoleOpinion, names: NodeNames): string {
  const what = role === 'replica' ? `a replica of ${primary ? names.of(primary) : 'nobody'}` : 'a primary';
  return `${what} by ${names.list(saidBy)}`;
}

function ghost({ because, address }: Extract<Finding, { kind: 'ghost' }>): string {
  const where = address ? ` at ${formatAddress(address)}` : '';
  switch (because) {
    case 'handshake':
      return `A node${where} that has not finished its handshake`;
    case 'noaddr':
      return 'A node without an address';
    case 'forgotten':
      return `A node${where} that does not answer and that others have forgotten`;
  }
}

function onPrimaryHost(shared: readonly SharedHost[], names: NodeNames): string {
  const hosts = [...new Set(shared.map(s => s.host))];
  const replicas = shared.flatMap(s => s.replicas);
  const verb =
    replicas.length === 1 ? 'is on the host of its primary' : 'are on the hosts of their primaries';
  return `${names.list(replicas)} ${verb} (${enumerate(hosts.slice(0, 6))})`;
}

function siblings(shared: readonly SharedHost[], names: NodeNames): string {
  return shared
    .map(
      ({ host, primary, replicas }) =>
        `${names.list(replicas)}, replicas of ${names.of(primary)}, share the host ${host}`,
    )
    .join('; ');
}
