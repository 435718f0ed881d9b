import { connect, createServer, type Server, type Socket } from 'node:net';

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
    await new Promise<void>(resolve => proxy.#server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('the proxy is closed');
    return address.port;
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }
}
