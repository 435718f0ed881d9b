/** A real server that is no part of any cluster: what keys are imported from. */
import type { TestContext } from 'vitest';
import { freePort } from './ports.ts';
import { ServerProcess } from './server-process.ts';
import type { ServerBuild } from './servers.ts';

export async function startLoneServer(
  t: TestContext,
  build: ServerBuild,
  { password, config = [] }: { readonly password?: string; readonly config?: readonly string[] } = {},
): Promise<ServerProcess> {
  const host = '127.0.0.1';
  const port = await freePort(host);
  const server = new ServerProcess({
    build,
    host,
    port,
    config: [
      `bind ${host}`,
      `port ${port}`,
      'protected-mode no',
      ...(password === undefined ? [] : [`requirepass "${password}"`]),
      ...config,
    ],
    ...(password !== undefined && { password }),
  });
  t.onTestFinished(() => server.dispose());
  await server.start();
  return server;
}
