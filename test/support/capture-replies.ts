/**
 * Writes fixtures/replies/<server>/: what real servers answer, for the tests of the decoders. Run it again when a new
 * server version is to be supported: node scripts/run.mjs test/support/capture-replies.ts [server…]
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { nodesAccordingTo, TestCluster } from './cluster.ts';
import { until } from './poll.ts';
import { freePort } from './ports.ts';
import { ServerProcess } from './server-process.ts';
import { installedServers, type ServerBuild } from './servers.ts';

const ROOT = fileURLToPath(new URL('../../fixtures/replies/', import.meta.url));

async function capture(build: ServerBuild): Promise<void> {
  const folder = `${ROOT}${build.name}/`;
  mkdirSync(folder, { recursive: true });
  const save = (name: string, reply: string) =>
    writeFileSync(`${folder}${name}.txt`, withoutThisMachine(reply));
  await captureCluster(build, save);
  await captureLoner(build, save);
  await captureIpv6(build, save);
  console.log(`captured ${build.name}`);
}

/** INFO tells of the machine that it runs on, which is nobody's business. */
function withoutThisMachine(reply: string): string {
  return reply.replace(/^(executable|config_file|os):.*?(\r?)$/gm, '$1:somewhere$2');
}

type Save = (name: string, reply: string) => void;

async function captureCluster(build: ServerBuild, save: Save): Promise<void> {
  const cluster = await TestCluster.start({
    build,
    nodeTimeoutMs: 1000,
    config: ['cluster-announce-hostname node.example'],
  });
  try {
    const [a, b, c, dead] = [cluster.node(0), cluster.node(1), cluster.node(2), cluster.node(5)];
    save('cluster-nodes-healthy', await a.text('CLUSTER', 'NODES'));
    save('cluster-info', await a.text('CLUSTER', 'INFO'));
    save('info-primary', await a.text('INFO'));
    save('info-replica', await cluster.node(3).text('INFO'));
    await a.send('CLUSTER', 'SETSLOT', '5', 'MIGRATING', cluster.member(1).id);
    await a.send('CLUSTER', 'SETSLOT', '16000', 'IMPORTING', cluster.member(2).id);
    save('cluster-nodes-open-source', await a.text('CLUSTER', 'NODES'));
    // A bus port on which nobody listens: the handshake stays until it is given up.
    await b.send(
      'CLUSTER',
      'MEET',
      '127.0.0.9',
      `${await freePort('127.0.0.9')}`,
      `${await freePort('127.0.0.9')}`,
    );
    save('cluster-nodes-handshake', await b.text('CLUSTER', 'NODES'));
    await dead.kill();
    await until('the killed node is flagged', async () =>
      (await nodesAccordingTo(c)).some(node => node.health === 'failed'),
    );
    save('cluster-nodes-failed', await c.text('CLUSTER', 'NODES'));
  } finally {
    await cluster.dispose();
  }
}

async function captureLoner(build: ServerBuild, save: Save): Promise<void> {
  const port = await freePort();
  const busPort = await freePort();
  const loner = new ServerProcess({
    build,
    host: '127.0.0.1',
    port,
    config: ['bind 127.0.0.1', `port ${port}`, 'cluster-enabled yes', `cluster-port ${busPort}`],
  });
  await loner.start();
  save('cluster-nodes-loner', await loner.text('CLUSTER', 'NODES'));
  await loner.dispose();
}

async function captureIpv6(build: ServerBuild, save: Save): Promise<void> {
  const cluster = await TestCluster.start({ build, hosts: ['::1'], replicasPerPrimary: 0 });
  save('cluster-nodes-ipv6', await cluster.node(0).text('CLUSTER', 'NODES'));
  await cluster.dispose();
}

const wanted = process.argv.slice(2);
for (const build of installedServers()) {
  if (wanted.length === 0 || wanted.includes(build.name)) await capture(build);
}
