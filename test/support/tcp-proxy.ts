import { connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { listen, portOf } from './listen.ts';

/** Passes bytes on to another address, counts who came, and can stand in the way. */
export class TcpProxy {
  connections = 0;
  /** What comes back is thrown away. */
  isMute = false;
  /** What comes back after so many bytes is thrown away. */
  heardBytes = Number.POSITIVE_INFINITY;
  /** What comes back is kept for so long. */
  delayMs = 0;
  /** Times at which something came back that was thrown away, or kept. */
  disturbed = 0;
  #muting: { readonly requests: RegExp[]; readonly muted: () => void } | undefined;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(target: { host: string; port: number }) {
    this.#server = createServer(caller => {
      this.connections++;
      const callee = connect(target);
      for (const socket of [caller, callee]) {
        this.#sockets.add(socket);
        socket
          .on('error', () => {})
          .once('close', () => {
            caller.destroy();
            callee.destroy();
            this.#sockets.delete(socket);
          });
      }
      caller.on('data', request => this.#goMuteAt(`${request}`)).pipe(callee);
      this.#passOn(callee, caller);
    });
  }

  /** Goes mute as soon as the last of these has been asked, after the others: there is no reply yet. */
  muteAt(...requests: RegExp[]): Promise<void> {
    return new Promise(muted => {
      this.#muting = { requests, muted };
    });
  }

  #goMuteAt(text: string): void {
    const { requests = [], muted } = this.#muting ?? {};
    while (requests[0]?.test(text)) requests.shift();
    if (requests.length > 0 || !muted) return;
    this.#muting = undefined;
    this.isMute = true;
    muted();
  }

  /** Bytes stay in order, however long each of them is kept. */
  #passOn(from: Socket, to: Socket): void {
    let written = Promise.resolve();
    from.on('data', (arrived: Buffer) => {
      const chunk = arrived.subarray(0, this.isMute ? 0 : this.heardBytes);
      this.heardBytes -= chunk.length;
      const delayMs = this.delayMs;
      if (chunk.length < arrived.length || delayMs > 0) this.disturbed++;
      if (chunk.length === 0) return;
      from.pause();
      written = written
        .then(() => (delayMs > 0 ? sleep(delayMs) : undefined))
        .then(() => {
          to.write(chunk);
          from.resume();
        });
    });
    from.on('end', () => void written.then(() => to.end()));
  }

  static async open(target: { host: string; port: number }): Promise<TcpProxy> {
    const proxy = new TcpProxy(target);
    await listen(proxy.#server);
    return proxy;
  }

  get port(): number {
    return portOf(this.#server);
  }

  /** Whoever is connected is not any more, and may come again. Says whether anybody was. */
  cut(): boolean {
    for (const socket of this.#sockets) socket.destroy();
    return this.#sockets.size > 0;
  }

  close(): void {
    this.cut();
    this.#server.close();
  }
}
