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

const WORKERS = 8;
const WORKER = Number(process.env['VITEST_POOL_ID'] ?? 0);

/** Those that were handed out last: their servers may not have bound them yet. Long runs need ports again that were free. */
const RECENT = 400;
const handedOut: number[] = [];

/** A port that is free on the given host. Test workers have ranges of their own, or two could pick the same. */
export async function freePort(host = '127.0.0.1', { first, last } = USUAL): Promise<number> {
  for (let tries = 0; tries < 1000; tries++) {
    const share = Math.floor((last - first) / WORKERS);
    const port = first + (WORKER % WORKERS) * share + Math.floor(Math.random() * share);
    if (handedOut.includes(port) || !(await canBind(host, port))) continue;
    handedOut.push(port);
    if (handedOut.length > RECENT) handedOut.shift();
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
