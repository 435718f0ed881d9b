/** A backup while it is made: the lines that scripts know from the servers' own tools, or one object per line. */
import type { BackupEvent, BackupProblem, BackupSource, MissingShard } from '../../plan/transfer/backup.ts';
import type { GrownEpoch, Restarted } from '../../plan/transfer/backup-meanwhile.ts';
import type { Shrunk } from '../../plan/transfer/backup-shrunk.ts';
import { formatAddress, type NodeId } from '../../topology/node.ts';
import type { SlotSet } from '../../topology/slot-set.ts';
import type { Paint } from '../paint.ts';
import { bytes, count, type NodeNames } from './names.ts';
import { sentences } from './sentences.ts';

/** As one object. */
export function savingLine(source: BackupSource, paint: Paint): string {
  return `${paint.heading(`>>> Node ${formatAddress(source.address)} -> Saving RDB...`)}\n`;
}

export function savedLine({ source, saved }: Extract<BackupEvent, { kind: 'saved' }>): string {
  const keys = saved.keys && Object.values(saved.keys).reduce((sum, n) => sum + n, 0);
  const amount = keys === undefined ? '' : `, ${count(keys, 'key')}`;
  return `Saved ${formatAddress(source.address)}: ${bytes(saved.bytes)}${amount}, ${saved.file}\n`;
}

export function failedText({ source, problem }: Extract<BackupEvent, { kind: 'failed' }>): string {
  return `Node ${formatAddress(source.address)}: ${describeBackupProblem(problem)}.`;
}

export const describeBackupProblem = sentences<BackupProblem>({
  message: ({ message }) => message,
  lags: problem =>
    `after ${problem.waitedMs / 1000} s it still lacks ${problem.bytes} bytes of what its primary had written at the first look`,
  'saved-earlier': ({ offset, leastOffset }) =>
    `what it sends was saved before the first look (offset ${offset} of ${leastOffset})`,
  'too-much': ({ isAllowed, folder, mostBytes }) => {
    const why = isAllowed ? 'the most that --max-size allows' : 'all the room that there was when it began';
    return `${folder} cannot be filled further: the data of all nodes together is more than ${mostBytes} bytes, ${why}`;
  },
  'no-whole-dump': ({ message }) => `what it sent is no whole RDB file: ${message}`,
});

/** It is whole, but `restore` cannot do anything with it. */
export function uncountedText({ source, saved }: Extract<BackupEvent, { kind: 'saved' }>): string {
  return `${saved.file} is whole, but holds something that this version of slotctl does not know (${formatAddress(source.address)} runs ${saved.product} ${saved.serverVersion}): its keys are not counted, and restore will refuse it.`;
}

export function missingText({ primary, slots, reason }: MissingShard, names: NodeNames): string {
  const what = slots.size > 0 ? ` (slots ${slots})` : '';
  return `Nobody gives the data of ${names.of(primary)}${what}: ${reason}.`;
}

export function movedText(slots: SlotSet): string {
  return `Slots moved during the backup (${slots}): some of their keys may be missing, or saved twice.`;
}

export function onTheWayText(slots: SlotSet): string {
  return `Slots are on their way (${slots}), and keys of theirs may be missing: back up again when the move is over (slotctl check tells).`;
}

export function openedText(slots: SlotSet): string {
  return `Slots were open during the backup (${slots}): some of their keys may be missing. Back up again when no slots move.`;
}

export function grownText({ node, was, is }: GrownEpoch, names: NodeNames): string {
  return `${names.of(node)} took over slots during the backup (config epoch ${was}, now ${is}), and may have given them up again: some of their keys may be in no file. Back up again when no slots move.`;
}

export function restartedText({ node, keysBefore, keysNow }: Restarted, names: NodeNames): string {
  return `${names.of(node)} was restarted during the backup (${count(keysBefore, 'key')} before, ${keysNow} after): it may have lost data. Check its keys, and back up again.`;
}

export function shrunkText({ since, address, slots, were, are }: Shrunk, folder: string): string {
  const who = address === undefined ? 'the cluster' : `${address} (slots ${slots})`;
  const then =
    since === 'first look'
      ? `${who} had ${count(were, 'key')} at the first look, and delivered ${are}`
      : `in the backup in ${folder}, ${who} had ${count(were, 'key')}; now it has ${are}`;
  return `Most keys are gone: ${then}. If that is intended, --accept-shrunk saves it anyway.`;
}

export function strayedText({ address, primary }: BackupSource): string {
  return `${formatAddress(address)} belongs to another shard by now, or to another node: what it gave may not be the data of ${primary}.`;
}

/** How far it is, for a line that is written over and over. */
export class BackupProgress {
  readonly #received = new Map<NodeId, number>();
  readonly #beganAtMs: number;

  constructor(nowMs: number) {
    this.#beganAtMs = nowMs;
  }

  note(event: BackupEvent): void {
    if (event.kind === 'received') this.#received.set(event.source.id, event.bytes);
    if (event.kind === 'saved') this.#received.set(event.source.id, event.saved.bytes);
  }

  get bytes(): number {
    return [...this.#received.values()].reduce((sum, n) => sum + n, 0);
  }

  text(nowMs: number): string {
    const seconds = Math.max(0.001, (nowMs - this.#beganAtMs) / 1000);
    return `${bytes(this.bytes)} saved, ${bytes(Math.round(this.bytes / seconds))} per second`;
  }
}
