/**
 * How much a reply may be. A value is as large as it is; what is asked in a look at a cluster is small, and a server that
 * sends more of it means harm, or is none. Together, too: a thousand replies that are each within their bounds are not.
 */
import { asInteger, asOk, asQueued } from './reply.ts';

export interface ReplyBounds {
  readonly maxReplyBytes: number;
  /** Elements of arrays, all levels together. */
  readonly maxElements: number;
}

const MB = 1024 * 1024;

/** INFO, a setting, a number: all of a few thousand bytes. */
export const SMALL_REPLY: ReplyBounds = { maxReplyBytes: 8 * MB, maxElements: 128 * 1024 };

/** Thirteen elements for each of 16,384 slots in Redis 8.6, where all metrics are on; and room for four times as many. */
export const SLOT_STATS: ReplyBounds = { maxReplyBytes: 16 * MB, maxElements: 1024 * 1024 };

/** Whatever has lines has fewer, in a server that is one. */
export const MAX_LINES = 16_384;

/**
 * A node takes 130 bytes, with a long host name 400, slots in the worst of states (each by itself, and all of them open)
 * another megabyte and a half for all nodes together.
 */
export const NODE_LIST: ReplyBounds = { ...SMALL_REPLY, maxReplyBytes: 4 * MB };

/** Several times as many nodes as the largest clusters have. */
export const MAX_NODE_LINES = 3000;

/** They are an OK or a number. */
const SHORT: ReadonlySet<unknown> = new Set([asOk, asQueued, asInteger]);

/** Undefined where all is allowed that the connection allows. */
export function boundsOf({
  bounds,
  decode,
}: {
  readonly bounds?: ReplyBounds;
  readonly decode: unknown;
}): ReplyBounds | undefined {
  return bounds ?? (SHORT.has(decode) ? SMALL_REPLY : undefined);
}

/** Who has a part of a reply, and can be kept from reading more of it. */
export interface ReplyHolder {
  /** It has been waiting for others, and may read again. */
  goOn(): void;
}

/**
 * What has arrived of replies that are not whole yet, on all connections of this process. Where it is too much, those wait
 * who bring more, until others are done; one of them always goes on, so the most is one reply more than that.
 */
export class ReplyBudget {
  readonly #maxBytes: number;
  readonly #held = new Map<ReplyHolder, number>();
  /** Some of those who hold something, and never all. */
  readonly #waiting = new Set<ReplyHolder>();
  #heldBytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get maxBytes(): number {
    return this.#maxBytes;
  }

  /** So much it holds from now on. */
  hold(holder: ReplyHolder, bytes: number): 'goes-on' | 'waits' | 'too-much' {
    const before = this.#held.get(holder) ?? 0;
    this.#heldBytes += bytes - before;
    if (bytes > 0) this.#held.set(holder, bytes);
    else this.#release(holder);
    if (bytes < before) this.#wake();
    if (bytes > this.#maxBytes) return 'too-much';
    const others = this.#goingOn - (this.#waiting.has(holder) ? 0 : 1);
    if (bytes > before && this.#isFull && others > 0) this.#waiting.add(holder);
    return this.#waiting.has(holder) ? 'waits' : 'goes-on';
  }

  get #isFull(): boolean {
    return this.#heldBytes > this.#maxBytes;
  }

  get #goingOn(): number {
    return this.#held.size - this.#waiting.size;
  }

  #release(holder: ReplyHolder): void {
    this.#held.delete(holder);
    this.#waiting.delete(holder);
  }

  #wake(): void {
    for (const holder of this.#waiting) {
      if (this.#isFull && this.#goingOn > 0) return;
      this.#waiting.delete(holder);
      holder.goOn();
    }
  }
}

/** A value of the largest size, and the lists of two thousand nodes beside it. */
export const ALL_REPLIES = new ReplyBudget(512 * MB);
