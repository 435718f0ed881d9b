/**
 * Stands between the cluster buses of a test cluster, so that nodes can be cut off from each other while clients still
 * reach them. Every node announces a proxy's port as its bus port; the proxy tells callers apart by their source
 * address, so each node needs a host of its own.
 */
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { Member } from './cluster.ts';
import { freePort } from './ports.ts';

interface Passage {
  readonly from: string;
  readonly to: string;
  readonly caller: Socket;
  readonly callee: Socket;
}

export class BusProxies {
  readonly #servers: Server[] = [];
  readonly #passages = new Set<Passage>();
  #isCut: (from: string, to: string) => boolean = () => false;

  /** To be given to TestCluster.start as announcedBusPort. */
  readonly announcedBusPort = async ({
    host,
    busPort,
  }: Pick<Member, 'host' | 'busPort'>): Promise<number> => {
    const port = await freePort(host);
    const server = createServer(caller => this.#pass(caller, host, busPort));
    this.#servers.push(server);
    await new Promise<void>(resolve => server.listen(port, host, resolve));
    return port;
  };

  /** From now on no bus message passes between the hosts given and all others. */
  isolate(...hosts: string[]): void {
    this.#isCut = (from, to) => hosts.includes(from) !== hosts.includes(to);
    for (const passage of this.#passages) {
      if (this.#isCut(passage.from, passage.to)) end(passage);
    }
  }

  heal(): void {
    this.#isCut = () => false;
  }

  close(): void {
    for (const passage of this.#passages) end(passage);
    for (const server of this.#servers) server.close();
  }

  #pass(caller: Socket, to: string, busPort: number): void {
    const from = caller.remoteAddress ?? '';
    caller.on('error', () => {});
    if (this.#isCut(from, to)) {
      caller.destroy();
      return;
    }
    const callee = connect({ host: to, port: busPort }).on('error', () => {});
    const passage: Passage = { from, to, caller, callee };
    this.#passages.add(passage);
    caller.pipe(callee).pipe(caller);
    for (const socket of [caller, callee]) {
      socket.once('close', () => {
        end(passage);
        this.#passages.delete(passage);
      });
    }
  }
}

function end({ caller, callee }: Passage): void {
  caller.destroy();
  callee.destroy();
}
