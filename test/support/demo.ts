/** `npm run demo`: real nodes on this machine are made a cluster, one comes and goes, and something is broken. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { LoneNodes } from './lone-nodes.ts';
import { BIN } from './run-slotctl.ts';
import type { ServerProcess } from './server-process.ts';
import { installedServers, type ServerBuild } from './servers.ts';

function chooseServer(): ServerBuild {
  const builds = installedServers();
  const wanted = process.argv[2];
  const build = wanted === undefined ? builds[0] : builds.find(({ name }) => name === wanted);
  if (build) return build;
  const names = builds.map(({ name }) => name).join(', ') || 'none; apt-get install redis-server';
  throw new Error(`no such server here; there is: ${names}`);
}

function tell(text: string): void {
  console.log(`\n\u001b[1m# ${text}\u001b[0m`);
}

async function slotctl(...args: string[]): Promise<void> {
  console.log(`$ slotctl ${args.join(' ')}`);
  const child = spawn(process.execPath, [BIN, ...args], { stdio: 'inherit' });
  const [code] = await once(child, 'exit');
  console.log(`exit code ${code}`);
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(130));

const build = chooseServer();
tell(`Seven nodes of ${build.product} ${build.version} on three hosts, none of which knows another`);
const lone = await LoneNodes.start({ build, count: 7 });
try {
  const [entry = ''] = lone.addresses;
  const seventh = lone.node(6).address;
  tell('Six of them become a cluster: three primaries, three replicas, each away from its primary');
  await slotctl('create', ...lone.addresses.slice(0, 6), '--cluster-replicas', '1', '--yes');
  await slotctl('info', entry);
  await slotctl('check', entry);

  tell('The seventh comes as a replica, where one is missed most, and goes again');
  await slotctl('add-node', seventh, entry, '--replica', '--yes');
  await slotctl('del-node', entry, seventh, '--yes');

  tell('A move of slot 42 is begun and never finished, and a node is killed');
  const [source, target] = [lone.node(0), lone.node(1)];
  const idOf = (node: ServerProcess) => node.text('CLUSTER', 'MYID');
  await target.send('CLUSTER', 'SETSLOT', '42', 'IMPORTING', await idOf(source));
  await source.send('CLUSTER', 'SETSLOT', '42', 'MIGRATING', await idOf(target));
  await lone.node(4).kill();
  await slotctl('check', '--quiet', entry);
  await slotctl('info', entry);
} finally {
  await lone.dispose();
  tell('All nodes are gone, and so are their folders');
}
