/**
 * How long a real server works on an answer. It is asked of one that was told, by a nodes.conf, of as many other nodes
 * as the stand-ins are; that none of them exists does not change the work of listing them.
 */
import { freePort } from '../../test/support/ports.ts';
import { ServerProcess } from '../../test/support/server-process.ts';
import type { ServerBuild } from '../../test/support/servers.ts';
import type { CapturedReplies } from './capture.ts';
import { layOut, nodeList } from './node-list.ts';

/** Milliseconds by command; those that are left out take no time worth counting. */
export type Pace = Readonly<Record<string, number>>;

const HOST = '127.0.0.1';
/** Nobody listens there, so what the server tries to connect to is refused. */
const NOBODYS_HOST = '127.0.1.1';
const NOBODYS_FIRST_PORT = 20_000;
const CALLS = 50;
const PACED_COMMANDS = ['CLUSTER NODES', 'CLUSTER INFO', 'INFO'];

export async function measurePace(
  build: ServerBuild,
  nodeCount: number,
  captured: CapturedReplies,
): Promise<Pace> {
  const port = await freePort(HOST);
  const listeners = Array.from({ length: nodeCount }, (_, i) =>
    i === 0 ? { host: HOST, port } : { host: NOBODYS_HOST, port: NOBODYS_FIRST_PORT + i },
  );
  const nodes = layOut(listeners);
  const [own] = nodes;
  if (!own) throw new RangeError('a cluster has at least two nodes');
  const server = new ServerProcess({
    build,
    host: HOST,
    port,
    config: [
      `bind ${HOST}`,
      `port ${port}`,
      'cluster-enabled yes',
      'cluster-config-file nodes.conf',
      `cluster-port ${await freePort(HOST)}`,
      // It shall not begin to mourn the others while it is measured.
      'cluster-node-timeout 600000',
    ],
    files: {
      'nodes.conf': `${nodeList(nodes, own, captured)}vars currentEpoch ${nodeCount} lastVoteEpoch 0\n`,
    },
  });
  try {
    await server.start();
    const entries = await Promise.all(
      PACED_COMMANDS.map(async command => [command, await measureCommand(server, command)] as const),
    );
    return Object.fromEntries(entries);
  } finally {
    await server.dispose();
  }
}

/** In the server's own words: without the way there and back, and without other clients' turns. */
async function measureCommand(server: ServerProcess, command: string): Promise<number> {
  for (let i = 0; i < CALLS; i++) await server.text(...command.split(' '));
  const statistics = await server.text('INFO', 'commandstats');
  const name = command.toLowerCase().replace(' ', '\\|');
  const microseconds = new RegExp(`^cmdstat_${name}:.*\\busec_per_call=([\\d.]+)`, 'm').exec(statistics)?.[1];
  if (microseconds === undefined) throw new Error(`the server does not say how long ${command} takes`);
  return Number(microseconds) / 1000;
}
