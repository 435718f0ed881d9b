import { connect, createServer, type Server, type Socket } from 'node:net';
import { listen, portOf } from './listen.ts';

/** Passes bytes on to another address, and counts who came. */
export class TcpProxy {
  connections = 0;
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
      caller.pipe(callee).pipe(caller);
    });
  }

  static async open(target: { host: string; port: number }): Promise<TcpProxy> {
    const proxy = new TcpProxy(target);
    await listen(proxy.#server);
    return proxy;
  }

  get port(): number {
    return portOf(this.#server);
  }

  /** Whoever is connected is not any more, and may come again. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  close(): void {
    this.cut();
    this.#server.close();
  }
}
