/** Why a move of slots stops. What was moved is moved; what is open is said. */
import { escaped } from '../../resp/reply.ts';
import type { Member } from '../../topology/agreement.ts';
import { formatAddress } from '../../topology/node.ts';
import type { Alarm } from '../../topology/server-changes.ts';
import type { Slot } from '../../topology/slot-set.ts';

export class MoveError extends Error {}

/** The servers cannot move the slots by themselves, nothing is under way, and MIGRATE may work. */
export class NotAtomicallyError extends MoveError {}

/** A slot is not handed over while its old owner holds keys in it: it would delete them. */
export class KeysLeftError extends MoveError {
  constructor(source: Member, slots: readonly Slot[]) {
    super(
      `${formatAddress(source.address)} still holds keys in slot${slots.length === 1 ? '' : 's'} ${slots.slice(0, 8).join(', ')}`,
    );
  }
}

/** No more keys are to be sent to a node, or from it. */
export class AlarmError extends MoveError {
  constructor(node: string, alarm: Alarm) {
    super(`${node} ${inWords(alarm)}`);
  }
}

function inWords(alarm: Alarm): string {
  switch (alarm.kind) {
    case 'evicted':
      return 'has begun to evict keys, so no more are sent there: give it more memory first (CONFIG SET maxmemory)';
    case 'full': {
      const percent = Math.floor((100 * alarm.usedBytes) / alarm.mostBytes);
      const share = percent < 100 ? `uses ${percent} % of its maxmemory` : 'has reached its maxmemory';
      return `${share}, so no more keys are sent there: give it more memory first (CONFIG SET maxmemory)`;
    }
    case 'restarted':
      return 'was restarted while keys were moving, so no more are moved';
  }
}

/** Two values for one key, and no word on which is right. */
export class KeyClashError extends MoveError {
  readonly keys: readonly Buffer[];

  constructor(target: Member, keys: readonly Buffer[]) {
    const shown = keys.slice(0, 5).map(key => escaped(key.toString('latin1')));
    super(
      `${formatAddress(target.address)} has other values for ${shown.join(', ')}${keys.length > 5 ? ` and ${keys.length - 5} more keys` : ''}; both are kept (--cluster-replace keeps the target’s in a file, and goes on)`,
    );
    this.keys = keys;
  }
}
