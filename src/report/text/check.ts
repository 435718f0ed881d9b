/** `check` as text: the classic lines, which scripts look for, then all that those leave out, worst first. */
import type { Examined } from '../../topology/diagnose.ts';
import { type FindingKind, MEANINGS } from '../../topology/finding.ts';
import { formatAddress } from '../../topology/node.ts';
import { SlotSet } from '../../topology/slot-set.ts';
import { believedNodes } from '../../topology/snapshot.ts';
import type { Paint } from '../paint.ts';
import { textOf } from './columns.ts';
import { tagged } from './complaint.ts';
import { describeFinding } from './finding.ts';
import { count, NodeNames } from './names.ts';
import { keyLines, nodeLines } from './nodes.ts';

export interface Examination extends Examined {
  /** Whether keys outside their owners' slots were looked for. */
  readonly searchedOwners: boolean;
}

export function renderCheck(examination: Examination, paint: Paint): string {
  const classic = renderClassicCheck(examination, { keys: true, nodes: true }, paint);
  const rest = [
    ...(examination.searchedOwners ? ownerLines(examination, paint) : []),
    paint.heading('>>> Check nodes, replicas and placement...'),
    ...findingLines(examination, paint),
  ];
  return `${classic}${textOf(rest)}`;
}

/** What the classic tools show of a cluster before they change it, and after they have made one. */
export function renderClassicCheck(examination: Examination, shown: ClassicParts, paint: Paint): string {
  const { snapshot, findings } = examination;
  const nodes = believedNodes(snapshot);
  const [entry] = snapshot.views;
  const has = (...kinds: FindingKind[]) => findings.some(({ kind }) => kinds.includes(kind));
  return textOf([
    ...(shown.keys ? keyLines(snapshot, nodes, paint) : []),
    paint.heading(`>>> Performing Cluster Check (using node ${entry ? formatAddress(entry.address) : ''})`),
    ...(shown.nodes ? nodeLines(snapshot, nodes, paint) : []),
    has('slot-maps-disagree')
      ? paint.bad("[ERR] Nodes don't agree about configuration!")
      : paint.good('[OK] All nodes agree about slots configuration.'),
    paint.heading('>>> Check for open slots...'),
    ...openSlotLines(examination, paint),
    paint.heading('>>> Check slots coverage...'),
    ...(has('slots-uncovered', 'owner-unreachable')
      ? [paint.bad('[ERR] Not all 16384 slots are covered by nodes.'), '']
      : [paint.good('[OK] All 16384 slots covered.')]),
  ]);
}

export interface ClassicParts {
  readonly keys: boolean;
  readonly nodes: boolean;
}

/** Only what is wrong: for cron, which mails whatever is printed. */
export function renderProblems(examination: Examination, paint: Paint): string {
  return examination.findings.length === 0 ? '' : textOf(findingLines(examination, paint));
}

function openSlotLines({ snapshot, findings }: Examination, paint: Paint): string[] {
  const names = new NodeNames(snapshot);
  const open = findings.filter(f => f.kind === 'slots-open');
  const lines = open.flatMap(({ nodes: [node], migrating, importing }) => {
    const state = (peers: typeof migrating, word: string) => {
      const slots = [...SlotSet.union(peers.map(p => p.slots))].join(',');
      return slots
        ? [paint.warning(`[WARNING] Node ${node && names.of(node)} has slots in ${word} state ${slots}.`)]
        : [];
    };
    return [...state(migrating, 'migrating'), ...state(importing, 'importing')];
  });
  if (open.length > 0) {
    const all = SlotSet.union(open.map(f => f.slots));
    lines.push(paint.warning(`[WARNING] The following slots are open: ${[...all].join(',')}.`));
  }
  return lines;
}

function ownerLines({ snapshot, findings }: Examination, paint: Paint): string[] {
  const names = new NodeNames(snapshot);
  const stray = findings.filter(f => f.kind === 'keys-astray');
  const lines = [paint.heading('>>> Check for multiple slot owners...')];
  const uncounted = findings.filter(f => f.kind === 'keys-uncounted' || f.kind === 'owner-unreachable');
  if (uncounted.length > 0) {
    const who = [...new Set(uncounted.flatMap(f => f.nodes))];
    lines.push(paint.bad(`[ERR] The keys of ${names.list(who)} were not counted.`));
  } else if (stray.length === 0) lines.push(paint.good('[OK] No multiple owners found.'));
  for (const { nodes, keys } of stray.filter(f => f.slots.size === 0)) {
    const [holder] = nodes;
    lines.push(
      paint.warning(
        `[WARNING] Node ${holder && names.of(holder)} has ${count(keys, 'key')} in slots of others.`,
      ),
    );
  }
  const contested = SlotSet.union(stray.map(f => f.slots));
  for (const slot of contested) {
    const holders = stray.filter(f => f.slots.has(slot)).flatMap(f => f.nodes);
    const owners = snapshot.views
      .filter(({ self }) => self.role === 'primary' && self.slots.has(slot))
      .map(v => v.id);
    const all = [...owners, ...holders];
    lines.push(paint.warning(`[WARNING] Slot ${slot} has ${count(all.length, 'owner')}:`));
    lines.push(...all.map(id => `    ${names.of(id)}`));
  }
  return lines;
}

function findingLines({ snapshot, findings }: Examination, paint: Paint): string[] {
  const names = new NodeNames(snapshot);
  if (findings.length === 0) {
    const all = `${count(snapshot.views.length, 'node')} asked, all of them answered; nothing is wrong.`;
    return [paint.good(`[OK] ${all}`)];
  }
  return findings.flatMap((finding, i) => {
    const colour = finding.severity === 'error' ? paint.bad : paint.warning;
    const head = colour(tagged(finding.severity, describeFinding(finding, names)));
    // What it means is said once for each run of the same kind.
    return findings[i + 1]?.kind === finding.kind
      ? [head]
      : [head, paint.faint(`      ${MEANINGS[finding.kind]}`)];
  });
}
