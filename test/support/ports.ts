import { createServer } from 'node:net';

/**
 * Below the range from which Linux takes the source ports of outgoing connections, so that a port which is free when
 * it is handed out is still free when the server binds it.
 */
const USUAL: PortRange = { first: 11_000, last: 31_999 };

export interface PortRange {
  readonly first: number;
  readonly last: number;
}

const handedOut = new Set<number>();

/** A port that is free on the given host. Workers start at different places, and try the port before they use it. */
export async function freePort(host = '127.0.0.1', { first, last } = USUAL): Promise<number> {
  for (let tries = 0; tries < 1000; tries++) {
    const port = first + Math.floor(Math.random() * (last - first));
    if (handedOut.has(port) || !(await canBind(host, port))) continue;
    handedOut.add(port);
    return port;
  }
  throw new Error(`no free port on ${host}`);
}

function canBind(host: string, port: number): Promise<boolean> {
  return new Promise(resolve => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, host, () => probe.close(() => resolve(true)));
  });
}
