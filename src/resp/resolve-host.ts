/** Host names to ip addresses, for what is told to servers: they take nothing else. */
import { promises } from 'node:dns';
import { isIP } from 'node:net';
import { ConnectError } from './errors.ts';

/** Of several addresses the one that a connection would try first. Connecting has been tried before, within its time. */
export async function resolveHost(host: string): Promise<string> {
  if (isIP(host) !== 0) return host;
  try {
    return (await promises.lookup(host)).address;
  } catch {
    throw new ConnectError(host, 'the host name could not be looked up');
  }
}
