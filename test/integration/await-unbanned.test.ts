/** Whether a node is banned is asked by telling servers to forget it, which must not hit one that is just coming in. */
import { expect, test } from 'vitest';
import { awaitUnbanned } from '../../src/live/await/ban-lifted.ts';
import type { Note } from '../../src/plan/note.ts';
import { Fleet } from '../../src/resp/fleet.ts';
import { nodeId } from '../../src/topology/node.ts';
import { nodesAccordingTo, TestCluster } from '../support/cluster.ts';
import { LoneNodes } from '../support/lone-nodes.ts';
import { until } from '../support/poll.ts';
import type { ServerProcess } from '../support/server-process.ts';
import { anyServer } from '../support/servers.ts';

const nodeTimeoutMs = 1000;
const build = anyServer();

async function memberOf(node: ServerProcess) {
  const { host, port } = node.setup;
  return { id: nodeId(await node.text('CLUSTER', 'MYID')), address: { host, port } };
}

test('nodes that come in by themselves are let in', async t => {
  const cluster = await TestCluster.startFor(t, { build, nodeTimeoutMs, replicasPerPrimary: 0 });
  const lone = await LoneNodes.startFor(t, { build, nodeTimeoutMs, count: 4 });
  const hosts = await Promise.all(cluster.nodes.map(memberOf));
  const entry = { kind: 'tcp', host: cluster.node(0).setup.host, port: cluster.node(0).setup.port } as const;
  const fleet = new Fleet({ entry, connectTimeoutMs: 5000, replyTimeoutMs: 5000 });
  const nowMs = () => performance.now();
  try {
    for (const node of lone.nodes) {
      const newcomer = await memberOf(node);
      const { host, port } = newcomer.address;
      const [, busPort = ''] = /@(\d+)/.exec(await node.text('CLUSTER', 'NODES')) ?? [];
      await cluster.node(0).send('CLUSTER', 'MEET', host, `${port}`, busPort);
      const isKnown = async () => {
        const lists = await Promise.all(cluster.nodes.map(nodesAccordingTo));
        return lists.every(nodes => nodes.some(({ id }) => id === newcomer.id));
      };
      await until('everybody knows it', async () => {
        const note = ({ kind }: Note) => {
          throw new Error(kind);
        };
        await awaitUnbanned(fleet, [...hosts, newcomer], [newcomer.id], { timeoutMs: 0, nowMs, note });
        return isKnown();
      });
    }
  } finally {
    fleet.close();
  }
  expect(await nodesAccordingTo(cluster.node(0))).toHaveLength(7);
});
