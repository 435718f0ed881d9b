/** What arrives on a socket, taken as fast as somebody wants it: whoever does not take makes the sender wait. */
import type { Socket } from 'node:net';
import { Deadline } from './deadline.ts';
import { ConnectionLostError, ProtocolError, ReplyTimeoutError } from './errors.ts';

/** Replies and headers are short; whoever sends more without an end of line is no server. */
const LONGEST_LINE = 16 * 1024;
const NOTHING = Buffer.alloc(0);
const NEWLINE = 0x0a;

export class ArrivingBytes {
  readonly #name: string;
  readonly #waitingFor: string;
  readonly #socket: Socket;
  readonly #chunks: AsyncIterator<Buffer>;
  readonly #silence: Deadline;
  readonly #silenceLimitMs: number;
  /** What has arrived beyond the last line. */
  #ahead: Buffer = NOTHING;

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
    try {
      const { done, value } = await this.#chunks.next();
      if (!done) return value;
    } finally {
      this.#silence.stop();
    }
    throw new ConnectionLostError(this.#name, `the node closed the connection during ${this.#waitingFor}`);
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
