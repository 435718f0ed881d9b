/** From bytes to replies: the framer finds where one ends and refuses what no server sends, redis-parser reads it. */
import RedisParser from 'redis-parser';
import {
  type BoundsOfReply,
  DEFAULT_LIMITS,
  FramingError,
  ReplyFramer,
  ReplyTooLongError,
} from './framer.ts';
import { ErrorReply, type Reply } from './reply.ts';
import { ALL_REPLIES, type ReplyBudget, type ReplyHolder } from './reply-bounds.ts';

/** How replies are read, where it is not known what they are replies to. */
export interface ReadingSettings {
  readonly maxReplyBytes?: number;
  readonly maxElements?: number;
  /** Integers that a number cannot hold come as their digits; else they are rounded. */
  readonly exactIntegers?: boolean;
  /** For all that is read at the same time. */
  readonly budget?: ReplyBudget;
}

export class ReplyReader implements ReplyHolder {
  readonly #framer: ReplyFramer;
  readonly #parser: RedisParser;
  readonly #budget: ReplyBudget;
  #replies: Reply[] = [];
  readonly #turned: (waits: boolean) => void;
  #heldBytes = 0;
  #isWaiting = false;

  /** `turned`: called when it begins to wait for others, and when it may go on. */
  constructor(
    { exactIntegers = false, budget = ALL_REPLIES, ...limits }: ReadingSettings = {},
    turned: (waits: boolean) => void = () => {},
  ) {
    this.#turned = turned;
    this.#budget = budget;
    this.#framer = new ReplyFramer({ ...DEFAULT_LIMITS, ...limits });
    this.#parser = new RedisParser({
      returnBuffers: true,
      stringNumbers: exactIntegers,
      returnReply: (reply: Parsed) => this.#replies.push(asReply(reply)),
      returnError: (error: Error) => this.#replies.push(new ErrorReply(error.message)),
      returnFatalError: (error: Error) => {
        throw new FramingError(error.message);
      },
    });
  }

  /** The replies that the chunk completes. */
  push(chunk: Buffer, boundsOf?: BoundsOfReply): Reply[] {
    // Whole replies only: redis-parser would join pieces in a pool for which it keeps a timer.
    const whole = this.#framer.push(chunk, boundsOf);
    this.#hold(this.#framer.heldBytes);
    if (whole) this.#parser.execute(whole);
    const replies = this.#replies;
    this.#replies = [];
    return replies;
  }

  /** So much arrives at the same time that more is to be read when others are done. */
  get isWaiting(): boolean {
    return this.#isWaiting;
  }

  /** Has begun to read a reply, and not ended. */
  get isAmidst(): boolean {
    return this.#heldBytes > 0;
  }

  goOn(): void {
    this.#isWaiting = false;
    this.#turned(false);
  }

  /** Nothing more is read: what was held is given up. */
  end(): void {
    this.#framer.drop();
    this.#hold(0);
  }

  #hold(bytes: number): void {
    if (bytes === this.#heldBytes) return;
    this.#heldBytes = bytes;
    const verdict = this.#budget.hold(this, bytes);
    if (verdict === 'too-much')
      throw new ReplyTooLongError(`a reply of more than ${this.#budget.maxBytes} bytes`);
    if (verdict === 'goes-on' || this.#isWaiting) return;
    this.#isWaiting = true;
    this.#turned(true);
  }
}

/** Strings are integers: all that are strings on the wire are bytes here. */
type Parsed = Reply | Error | string | readonly Parsed[];

/** redis-parser puts errors into arrays as its own class; ours is the one that the rest knows. */
function asReply(reply: Parsed): Reply {
  if (typeof reply === 'string') return integerOf(reply);
  if (reply instanceof Error) return new ErrorReply(reply.message);
  if (isList(reply)) return reply.map(asReply);
  return reply;
}

function isList(reply: Exclude<Parsed, string | Error>): reply is readonly Parsed[] {
  return Array.isArray(reply);
}

function integerOf(digits: string): number | Buffer {
  const number = Number(digits);
  return Number.isSafeInteger(number) ? number : Buffer.from(digits);
}
