/** A real server that is no part of any cluster: what keys are imported from. */
import type { TestContext } from 'vitest';
import type { TlsSettings } from '../../src/resp/socket.ts';
import { freePort } from './ports.ts';
import { ServerProcess } from './server-process.ts';
import type { ServerBuild } from './servers.ts';

export async function startLoneServer(
  t: TestContext,
  build: ServerBuild,
  {
    password,
    tls,
    config = [],
  }: {
    readonly password?: string;
    readonly tls?: TlsSettings & { readonly config: readonly string[] };
    readonly config?: readonly string[];
  } = {},
): Promise<ServerProcess> {
  const host = '127.0.0.1';
  const port = await freePort(host);
  const server = new ServerProcess({
    build,
    host,
    port,
    config: [
      `bind ${host}`,
      // A server by itself speaks TLS with the target of a MIGRATE where it would with a cluster of its own.
      ...(tls ? ['port 0', `tls-port ${port}`, 'tls-cluster yes', ...tls.config] : [`port ${port}`]),
      'protected-mode no',
      ...(password === undefined ? [] : [`requirepass "${password}"`]),
      ...config,
    ],
    ...(password !== undefined && { password }),
    ...(tls && { tls }),
  });
  t.onTestFinished(() => server.dispose());
  await server.start();
  return server;
}
