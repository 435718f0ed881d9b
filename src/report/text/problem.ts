/** What kept a step from its end, in sentences that name nodes and ports. */
import type { NodeChange } from '../../plan/membership/changed-meanwhile.ts';
import type { Problem } from '../../plan/step.ts';
import type { Gap } from '../../topology/agreement.ts';
import type { Copy } from '../../topology/full-sync.ts';
import type { NodeId } from '../../topology/node.ts';
import { describeFailoverProblem } from './failover.ts';
import { showSlots } from './finding.ts';
import { describeCopy, stuckCopyLines } from './full-syncs.ts';
import { describeMoveProblem } from './move-problem.ts';
import { count, type NodeNames, seconds } from './names.ts';
import { describeRefusal } from './refusal.ts';
import { allOf, sentences } from './sentences.ts';

/** Where a node's bus is, as far as the plan knows. */
export type BusAddresses = ReadonlyMap<NodeId, string>;

export function describeProblem(problem: Problem, names: NodeNames, buses: BusAddresses): string[] {
  switch (problem.kind) {
    case 'not-promoted':
    case 'not-ready':
      return describeFailoverProblem(problem, names, doubt => describeRefusal(doubt, names));
    case 'no-agreement': {
      const copies = copiesIn(problem.gaps);
      if (copies.length === problem.gaps.length)
        return stuckCopyLines(copies, seconds(problem.waitedMs), names);
      return allOf(
        `The nodes did not come to agree within ${seconds(problem.waitedMs)} (--join-timeout).`,
        ...describeGaps(problem.gaps, names, buses),
        problem.gaps.some(({ kind }) => kind === 'unknown' || kind === 'unlinked') &&
          'A node that calls from another address than it is known by needs cluster-announce-ip.',
      );
    }
    default:
      return [problemSentence(problem, names)];
  }
}

const problemSentence = sentences<
  Exclude<Problem, { kind: 'not-promoted' | 'not-ready' | 'no-agreement' }>,
  [NodeNames]
>({
  node: ({ node, message }) => `Node ${node}: ${message}.`,
  move: ({ why }) => {
    const text = describeMoveProblem(why);
    // Those that are several sentences end like one.
    return text.endsWith('.') ? text : `${text}.`;
  },
  interrupted: () => 'Interrupted.',
  changed: ({ node, change }, names) => describeChange(change, names.of(node), names),
  'no-right': ({ node, rights }, names) =>
    `${names.of(node)} denies this user the command (NOPERM). The user needs ${rights.map(right => `+${right}`).join(' ')}.`,
  remembered: ({ by, waitedMs }, names) =>
    `${names.list(by)} still ${by.length === 1 ? 'knows' : 'know'} it after ${seconds(waitedMs)}, however often they forget it: a node that has not forgotten it keeps bringing it back.`,
  banned: ({ by, waitedMs }, names) =>
    `After ${seconds(waitedMs)} (--join-timeout) ${names.list(by)} still ${by.length === 1 ? 'has' : 'have'} orders to forget the id of a newcomer, and would drop it again. Nothing has joined. Try again in a minute, or give the newcomer a new id with CLUSTER RESET HARD.`,
  'not-alone': ({ nodes, waitedMs }, names) =>
    `${names.listed(nodes, 'gets', 'get')} to know others again within ${seconds(waitedMs)}, however often ${nodes.length === 1 ? 'it is' : 'they are'} reset; somebody keeps meeting them.`,
});

const describeChange = sentences<NodeChange, [node: string, names: NodeNames]>({
  'owns-slots': ({ slots }, node) =>
    `${node} now owns ${showSlots(slots)}, and did not when this was planned. It is left as it is.`,
  promoted: (_, node) =>
    `${node} was a replica when this was planned, and is now a primary. It is left as it is.`,
  'has-keys': ({ keys }, node) =>
    `${node} now holds ${count(keys, 'key')}, and held none when this was planned. It is left as it is.`,
  'heard-again': ({ by }, node, names) =>
    `${node} did not answer when this was planned, but now ${names.listed(by, 'hears', 'hear')} it. It is left as it is.`,
  taken: ({ primary }, node, names) =>
    primary
      ? `${node} is now a replica of ${names.of(primary)}: somebody else made it one. \`slotctl replicate\` moves it.`
      : `${node} is now a primary: somebody else made it one.`,
});

function copiesIn(gaps: readonly Gap[]): Copy[] {
  return gaps.flatMap(gap => (gap.kind === 'copying' ? gap.copy : []));
}

/** What each of them still does, and several of them do. */
const STILL: readonly (readonly [Gap['kind'], string, string])[] = [
  ['outdated', 'does not know yet what the others are', 'do not know yet what the others are'],
  ['not-ok', 'says cluster_state:fail', 'say cluster_state:fail'],
  ['handshake', 'has a handshake under way', 'have a handshake under way'],
  ['loading', 'is loading data, and can be asked later', 'are loading data, and can be asked later'],
];

type PairGap = Extract<Gap, { about: NodeId; kind: 'unknown' | 'unlinked' }>;

export function describeGaps(gaps: readonly Gap[], names: NodeNames, buses: BusAddresses): string[] {
  const apart = gaps.filter((gap): gap is PairGap => gap.kind === 'unknown' || gap.kind === 'unlinked');
  const lines = culprits(apart).map(({ node, gaps: own }) => describeCulprit(node, own, names, buses));
  // Who is not heard cannot tell what it is, nor be told.
  if (lines.length > 0) return lines;
  for (const gap of gaps) {
    if (gap.kind === 'no-data')
      lines.push(
        `The replica ${names.of(gap.who)} gets no data from ${names.of(gap.about)}. Check its password (masterauth and masteruser, or primaryauth and primaryuser), that user’s right to PSYNC, TLS (both or neither, tls-replication), the network to that port, and the versions. Its log shows the reason.`,
      );
  }
  for (const copy of copiesIn(gaps)) lines.push(`${describeCopy(copy, names)}.`);
  for (const [kind, one, many] of STILL) {
    const nodes = [...new Set(gaps.filter(gap => gap.kind === kind).map(gap => gap.who))];
    if (nodes.length > 0) lines.push(`${names.listed(nodes, one, many)}.`);
  }
  return lines;
}

/**
 * The fewest nodes that every missing connection has to do with: whoever has most, then whoever has most of the rest.
 * One node behind a closed port has a gap with everybody; everybody has one gap with it.
 */
function culprits(gaps: readonly PairGap[]): { node: NodeId; gaps: PairGap[] }[] {
  const found: { node: NodeId; gaps: PairGap[] }[] = [];
  let left = [...gaps];
  while (left.length > 0) {
    const share = new Map<NodeId, number>();
    for (const { who, about } of left) {
      share.set(who, (share.get(who) ?? 0) + 1);
      // Where it could be either, the one that is not known is the more likely.
      share.set(about, (share.get(about) ?? 0) + 1.5);
    }
    const [worst] = [...share].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
    if (!worst) break;
    const [node] = worst;
    const own = left.filter(gap => gap.who === node || gap.about === node);
    found.push({ node, gaps: own });
    left = left.filter(gap => !own.includes(gap));
  }
  return found;
}

function describeCulprit(
  node: NodeId,
  gaps: readonly PairGap[],
  names: NodeNames,
  buses: BusAddresses,
): string {
  const unreached = [...new Set(gaps.filter(gap => gap.about === node).map(gap => gap.who))];
  const deaf = [...new Set(gaps.filter(gap => gap.who === node).map(gap => gap.about))];
  const at = (id: NodeId) => buses.get(id) ?? 'unknown';
  const clauses = allOf(
    unreached.length > 0 &&
      `${names.listed(unreached, 'has', 'have')} no connection to its cluster bus at ${at(node)}`,
    deaf.length > 0 &&
      `it has none to ${deaf.length === 1 ? 'the bus' : 'the buses'} of ${names.list(deaf)} (${deaf.slice(0, 6).map(at).join(', ')})`,
  );
  return `${names.of(node)}: ${clauses.join('; ')}. Open ${clauses.length === 1 && unreached.length > 0 ? 'that port' : 'these ports'} between the nodes.`;
}
