/** What arrives on a socket, taken as fast as somebody wants it: whoever does not take makes the sender wait. */
import type { Socket } from 'node:net';
import { Deadline } from './deadline.ts';
import { ConnectionLostError, NodeError, ProtocolError, ReplyTimeoutError } from './errors.ts';

/** Replies and headers are short; whoever sends more without an end of line is no server. */
const LONGEST_LINE = 16 * 1024;
const NOTHING = Buffer.alloc(0);
const NEWLINE = 0x0a;
/** Not silent, but it would never end. */
export class TooSlowError extends NodeError {
  constructor(node: string, got: number, waitedMs: number, leastRate: number) {
    const seconds = Math.round(waitedMs / 1000);
    super(
      node,
      `it sent ${got} bytes in ${seconds} s, and the least is ${leastRate} per second (--least-rate)`,
    );
  }
}

export class ArrivingBytes {
  readonly #name: string;
  readonly #waitingFor: string;
  readonly #socket: Socket;
  readonly #chunks: AsyncIterator<Buffer>;
  readonly #silence: Deadline;
  readonly #silenceLimitMs: number;
  /** What has arrived beyond the last line. */
  #ahead: Buffer = NOTHING;
  #leastRate = 0;
  #rateOverMs = 0;
  #waitedMs = 0;
  #got = 0;

  constructor(name: string, waitingFor: string, socket: Socket, silenceLimitMs: number) {
    this.#name = name;
    this.#waitingFor = waitingFor;
    this.#socket = socket;
    this.#silenceLimitMs = silenceLimitMs;
    // The iterator tells of errors; one that comes before it is asked would otherwise end the process.
    socket.on('error', () => {});
    this.#chunks = socket[Symbol.asyncIterator]();
    this.#silence = new Deadline(waitedMs => {
      socket.destroy(new ReplyTimeoutError(name, waitingFor, waitedMs));
    });
  }

  /** The next that there is. Only while somebody waits does time run: a slow disk is no silence. */
  async next(): Promise<Buffer> {
    if (this.#ahead.length > 0) {
      const ahead = this.#ahead;
      this.#ahead = NOTHING;
      return ahead;
    }
    this.#silence.start(this.#silenceLimitMs);
    const from = performance.now();
    try {
      const { done, value } = await this.#chunks.next();
      if (!done) {
        this.#judge(value.length, performance.now() - from);
        return value;
      }
    } finally {
      this.#silence.stop();
    }
    throw new ConnectionLostError(this.#name, `the node closed the connection during ${this.#waitingFor}`);
  }

  /** From now on so many bytes have to come in each second; judged when so long was waited, in one piece or in many. */
  expect(leastRate: number, rateOverMs: number): void {
    this.#leastRate = leastRate;
    this.#rateOverMs = rateOverMs;
  }

  #judge(bytes: number, waitedMs: number): void {
    if (this.#leastRate === 0) return;
    this.#got += bytes;
    this.#waitedMs += waitedMs;
    if (this.#waitedMs < this.#rateOverMs) return;
    if (this.#got < (this.#leastRate * this.#waitedMs) / 1000)
      throw new TooSlowError(this.#name, this.#got, this.#waitedMs, this.#leastRate);
    this.#got = 0;
    this.#waitedMs = 0;
  }

  /** Without its end, and without the empty lines before it, by which a server says that it is still there. */
  async line(): Promise<string> {
    let bytes = NOTHING;
    for (;;) {
      bytes = Buffer.concat([bytes, await this.next()]);
      let from = 0;
      while (bytes[from] === NEWLINE) from++;
      const end = bytes.indexOf(NEWLINE, from);
      if (end !== -1) {
        this.#ahead = bytes.subarray(end + 1);
        return bytes.toString('utf8', from, end).replace(/\r$/, '');
      }
      bytes = bytes.subarray(from);
      if (bytes.length > LONGEST_LINE) throw new ProtocolError(this.#name, 'it sent a line without an end');
    }
  }

  close(): void {
    this.#silence.stop();
    this.#socket.destroy();
  }
}
