/** What clients were told, key by key, and whether what is there now can be so. */
import type { Kind } from './kinds.ts';

export class Entry {
  readonly key: string;
  readonly slot: number;
  readonly kind: Kind;
  /** The last version that was acknowledged. */
  acknowledged = 0;
  /** Sent after that, and nobody knows whether it was done. The key is not written again. */
  inDoubt: number | undefined;
  /** A server acknowledged a write onto something older than it should have had. The key is not written again. */
  forgotten: string | undefined;

  constructor(key: string, slot: number, kind: Kind) {
    this.key = key;
    this.slot = slot;
    this.kind = kind;
  }

  get isLeftAlone(): boolean {
    return this.inDoubt !== undefined || this.forgotten !== undefined;
  }

  /** A server replied this to the write of the next version. */
  wasTold(reply: string): void {
    const next = this.acknowledged + 1;
    const expected = this.kind.reply?.(next) ?? reply;
    if (reply === expected) this.acknowledged = next;
    else this.forgotten = `was told ${reply} instead of ${expected}`;
  }

  /** Whether what was acknowledged is among these; fields that were written onto nothing are so beside the older ones. */
  isAcknowledged(shown: readonly string[]): boolean {
    const wanted = this.kind.shown(this.acknowledged);
    if (this.kind.name !== 'hash') return shown.includes(wanted);
    const fields = new Set(shown.join().split(','));
    return wanted.split(',').every(field => fields.has(field));
  }

  /** What is not there cannot be kept for later either. */
  get isDeleted(): boolean {
    return this.kind.shown(this.acknowledged) === 'nothing';
  }

  /** Why what was read cannot be, if it cannot. */
  objection(shown: string): string | undefined {
    const possible = [this.acknowledged, this.inDoubt].flatMap(version =>
      version === undefined ? [] : this.kind.shown(version),
    );
    const read = sorted(this.kind, shown);
    if (!this.forgotten && possible.includes(read)) return undefined;
    const forgotten = this.forgotten ? `; ${this.forgotten}` : '';
    return `${this.key} (${this.kind.name}, slot ${this.slot}): read ${excerpt(read)}, acknowledged ${possible.map(excerpt).join(' or ')}${forgotten}`;
  }
}

/** Fields of a hash come in no order. */
function sorted(kind: Kind, shown: string): string {
  if (kind.name !== 'hash') return shown;
  return shown
    .split(',')
    .sort((a, b) => Number(a) - Number(b))
    .join();
}

function excerpt(text: string): string {
  return text.length > 40 ? `…${text.slice(-40).trim()}` : `'${text}'`;
}
