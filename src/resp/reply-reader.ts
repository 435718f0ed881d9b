/** From bytes to replies: the framer finds where one ends and refuses what no server sends, redis-parser reads it. */
import RedisParser from 'redis-parser';
import { FramingError, ReplyFramer } from './framer.ts';
import { ErrorReply, type Reply } from './reply.ts';

export class ReplyReader {
  readonly #framer = new ReplyFramer();
  readonly #parser: RedisParser;
  #replies: Reply[] = [];

  constructor() {
    this.#parser = new RedisParser({
      returnBuffers: true,
      returnReply: (reply: Reply) => this.#replies.push(withErrorReplies(reply)),
      returnError: (error: Error) => this.#replies.push(new ErrorReply(error.message)),
      returnFatalError: (error: Error) => {
        throw new FramingError(error.message);
      },
    });
  }

  /** The replies that the chunk completes. */
  push(chunk: Buffer): Reply[] {
    // Whole replies only: redis-parser would join pieces in a pool for which it keeps a timer.
    const whole = this.#framer.push(chunk);
    if (whole) this.#parser.execute(whole);
    const replies = this.#replies;
    this.#replies = [];
    return replies;
  }
}

/** redis-parser puts errors into arrays as its own class; ours is the one that the rest knows. */
function withErrorReplies(reply: Reply | Error): Reply {
  if (reply instanceof Error) return new ErrorReply(reply.message);
  if (Array.isArray(reply)) return reply.map(withErrorReplies);
  return reply;
}
