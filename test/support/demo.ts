/** `npm run demo`: six real nodes on this machine, what slotctl says of them, and what it says when one is broken. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { TestCluster } from './cluster.ts';
import { BIN } from './run-slotctl.ts';
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
tell(
  `Six nodes of ${build.product} ${build.version} form a cluster: three primaries, three replicas, three hosts`,
);
const cluster = await TestCluster.start({ build });
try {
  await slotctl('info', cluster.entry);
  await slotctl('check', cluster.entry);

  tell('A move of slot 42 is begun and never finished, and a replica is killed');
  await cluster.node(1).send('CLUSTER', 'SETSLOT', '42', 'IMPORTING', cluster.member(0).id);
  await cluster.node(0).send('CLUSTER', 'SETSLOT', '42', 'MIGRATING', cluster.member(1).id);
  await cluster.node(4).kill();
  await slotctl('check', '--quiet', cluster.entry);
  await slotctl('info', cluster.entry);
} finally {
  await cluster.dispose();
  tell('All nodes are gone, and so are their folders');
}
