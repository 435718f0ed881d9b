/** What changes between the look that a plan was made from and the moment at which it is carried out. */

import { describe, expect, type TestContext, test } from 'vitest';
import { confirmStage } from '../../src/live/confirm.ts';
import { execute } from '../../src/live/execute.ts';
import { inspect } from '../../src/live/look/inspect.ts';
import { probe } from '../../src/live/look/probe.ts';
import { type AddNodePlan, planAddNode } from '../../src/plan/membership/add-node.ts';
import { planDelNode } from '../../src/plan/membership/del-node.ts';
import { planForgetFailed } from '../../src/plan/membership/forget-failed.ts';
import { placesIn } from '../../src/plan/placement/zone-map.ts';
import type { Plan, PlanEvent, Problem } from '../../src/plan/step.ts';
import { Fleet } from '../../src/resp/fleet.ts';
import { parseAddress } from '../../src/resp/parse-address.ts';
import { examine } from '../../src/topology/diagnose.ts';
import type { Address, NodeId } from '../../src/topology/node.ts';
import { nodesAccordingTo, TestCluster } from '../support/cluster.ts';
import { LoneNodes } from '../support/lone-nodes.ts';
import { planOf } from '../support/plan-text.ts';
import { until } from '../support/poll.ts';
import type { ServerProcess } from '../support/server-process.ts';
import { serversUnderTest } from '../support/servers.ts';

const nodeTimeoutMs = 1500;
const CONFIG = ['cluster-replica-no-failover no'];

function fleetOf(cluster: TestCluster): Fleet {
  const { host, port } = cluster.member(0);
  return new Fleet({ entry: { kind: 'tcp', host, port }, connectTimeoutMs: 5000, replyTimeoutMs: 5000 });
}

async function carriedOut(
  fleet: Fleet,
  plan: Plan,
  on: (event: PlanEvent) => Promise<void> = async () => {},
): Promise<Problem | undefined> {
  for await (const event of execute(fleet, plan, { joinTimeoutMs: 20_000, nowMs: Date.now })) {
    if (event.kind === 'step-failed') return event.problem;
    await on(event);
  }
  return undefined;
}

async function roleOf(node: ServerProcess): Promise<string> {
  return (await node.text('INFO', 'replication')).match(/role:(\w+)/)?.[1] ?? '';
}

async function knownBy(node: ServerProcess): Promise<number> {
  return (await nodesAccordingTo(node)).length;
}

describe.each(serversUnderTest())('$name', build => {
  test.concurrent('a replica that is promoted before it is forgotten is neither forgotten nor reset', async t => {
    const cluster = await TestCluster.startFor(t, { build, nodeTimeoutMs, config: CONFIG });
    const victim = cluster.node(4);
    const fleet = fleetOf(cluster);
    t.onTestFinished(() => fleet.close());
    const snapshot = await inspect(fleet);
    const placeOf = placesIn(snapshot, new Map());
    const request = { snapshot, word: cluster.member(4).id, ending: 'reset', keepData: false } as const;
    const plan = planOf(planDelNode({ ...request, placeOf }));
    await victim.send('CLUSTER', 'FAILOVER');
    await until('it is a primary', async () => (await roleOf(victim)) === 'master');
    expect(await carriedOut(fleet, plan)).toMatchObject({
      kind: 'changed',
      node: cluster.member(4).id,
      change: { kind: 'owns-slots' },
    });
    for (const node of cluster.nodes) expect(await knownBy(node)).toBe(6);
  });

  test.concurrent('a node that was silent and is back is not forgotten', async t => {
    const cluster = await TestCluster.startFor(t, { build, nodeTimeoutMs });
    const victim = cluster.node(4);
    const fleet = fleetOf(cluster);
    t.onTestFinished(() => fleet.close());
    await victim.kill();
    for (const node of cluster.nodes.filter(other => other !== victim))
      await until(`${node.address} flags it`, async () =>
        (await nodesAccordingTo(node)).some(({ health }) => health === 'failed'),
      );
    const snapshot = await inspect(fleet);
    const plan = planOf(planForgetFailed(examine(snapshot), placesIn(snapshot, new Map())));
    expect(plan.victims).toEqual([cluster.member(4).id]);
    await victim.start();
    await cluster.settled();
    expect(await carriedOut(fleet, plan)).toMatchObject({
      kind: 'changed',
      change: { kind: 'heard-again' },
    });
    for (const node of cluster.nodes) expect(await knownBy(node)).toBe(6);
  });

  test.concurrent('of all silent nodes together the others are asked once', async t => {
    const cluster = await TestCluster.startFor(t, { build, nodeTimeoutMs });
    const [gone, living] = [cluster.nodes.slice(4), cluster.nodes.slice(0, 4)];
    let asked = 0;
    const { host, port } = cluster.member(0);
    const entry = { kind: 'tcp', host, port } as const;
    const fleet = new Fleet(
      { entry, connectTimeoutMs: 5000, replyTimeoutMs: 5000 },
      { sent: () => void asked++, received() {}, failed() {} },
    );
    t.onTestFinished(() => fleet.close());
    await Promise.all(gone.map(node => node.kill()));
    for (const node of living)
      await until(
        `${node.address} flags both`,
        async () => (await nodesAccordingTo(node)).filter(({ health }) => health === 'failed').length === 2,
      );
    const before = await inspect(fleet);
    const { victims, stages } = planOf(planForgetFailed(examine(before), placesIn(before, new Map())));
    expect(victims).toHaveLength(2);
    const members = new Map(cluster.members.map(member => [member.id, member]));
    const at = (id: NodeId): Address => members.get(id) ?? cluster.member(0);
    const forgetting = stages.filter(stage => stage.some(({ kind }) => kind === 'forget'));
    expect(forgetting.flat().length).toBeGreaterThanOrEqual(living.length * gone.length);
    for (const stage of forgetting) {
      asked = 0;
      expect(await confirmStage(stage, { fleet, before, at })).toBeUndefined();
      expect(asked).toBeLessThanOrEqual(living.length);
      expect(asked).toBeGreaterThan(0);
    }
  });

  test.concurrent('a node that two runs make a replica of two primaries: one of them says so', async t => {
    const cluster = await TestCluster.startFor(t, { build, nodeTimeoutMs, replicasPerPrimary: 0 });
    const lone = await LoneNodes.startFor(t, { build, nodeTimeoutMs, count: 2 });
    const fleet = fleetOf(cluster);
    t.onTestFinished(() => fleet.close());
    const plans = async (address: string): Promise<AddNodePlan[]> => {
      const snapshot = await inspect(fleet);
      const newcomer = await probe(fleet, parseAddress(address));
      return [0, 1].map(primary =>
        planOf(
          planAddNode({
            ...examine(snapshot),
            newcomers: [newcomer],
            asReplicas: () => true,
            primary: cluster.member(primary).id,
            traits: {},
            placeOf: () => ({ host: '' }),
            despiteFindings: false,
            allowMixed: false,
          }),
        ),
      );
    };
    // One after the other, from what both have seen: the second finds it taken.
    const [first, second] = await plans(lone.node(0).address);
    if (!first || !second) throw new Error();
    expect(await carriedOut(fleet, first)).toBeUndefined();
    const taken = { kind: 'changed', change: { kind: 'taken' } };
    expect(await carriedOut(fleet, second)).toMatchObject({
      ...taken,
      change: { kind: 'taken', primary: cluster.member(0).id },
    });
    // Or it is taken away while the first is still at it: the last look asks whose it is.
    const [third] = await plans(lone.node(1).address);
    if (!third) throw new Error();
    const problem = await carriedOut(fleet, third, async event => {
      if (event.kind !== 'step-done' || event.step.kind !== 'replicate') return;
      await lone.node(1).send('CLUSTER', 'REPLICATE', cluster.member(1).id);
    });
    expect(problem).toMatchObject({ kind: 'changed', change: { primary: cluster.member(1).id } });
  });

  describe('while a new replica copies its data', () => {
    async function setUp(t: TestContext, replyTimeoutMs: number) {
      const cluster = await TestCluster.startFor(t, { build, nodeTimeoutMs, config: CONFIG });
      const lone = await LoneNodes.startFor(t, { build, nodeTimeoutMs, count: 1 });
      const replica = lone.node(0);
      const { host, port } = cluster.member(0);
      const entry = { kind: 'tcp', host, port } as const;
      const fleet = new Fleet({ entry, connectTimeoutMs: 5000, replyTimeoutMs });
      t.onTestFinished(() => fleet.close());
      const plan = planOf(
        planAddNode({
          ...examine(await inspect(fleet)),
          newcomers: [await probe(fleet, parseAddress(replica.address))],
          asReplicas: () => true,
          primary: cluster.member(0).id,
          traits: {},
          placeOf: () => ({ host: '' }),
          despiteFindings: false,
          allowMixed: false,
        }),
      );
      return { cluster, replica, fleet, plan };
    }

    test.concurrent('its primary fails over: it follows the new one, as it should', async t => {
      const { cluster, replica, fleet, plan } = await setUp(t, 5000);
      const successor = cluster.member(3);
      const problem = await carriedOut(fleet, plan, async event => {
        if (event.kind !== 'step-done' || event.step.kind !== 'agree') return;
        await cluster.node(3).send('CLUSTER', 'FAILOVER', 'TAKEOVER');
        for (const node of [replica, cluster.node(0)])
          await until(
            `${node.address} follows it`,
            async () =>
              (await nodesAccordingTo(node)).some(
                ({ id, ...other }) =>
                  other.role === 'replica' && id !== successor.id && other.primary === successor.id,
              ) && (await roleOf(node)) === 'slave',
          );
      });
      expect(problem).toBeUndefined();
      expect(await replica.text('INFO', 'replication')).toContain(`master_port:${successor.port}`);
    });

    test.concurrent('it answers nobody for a while: that is no failure', async t => {
      const { replica, fleet, plan } = await setUp(t, 1000);
      let isStopped = false;
      const problem = await carriedOut(fleet, plan, async event => {
        if (event.kind !== 'step-done' || event.step !== plan.stages.at(-1)?.at(-1)) return;
        replica.signal('SIGSTOP');
        isStopped = true;
      });
      replica.signal('SIGCONT');
      expect([isStopped, problem]).toEqual([true, undefined]);
    });
  });
});
