/** Where keys are sent, when two nodes claim a slot, when one is on its way, and when a node was away. */
import { describe, expect, test } from 'vitest';
import { Routes } from '../../../src/live/keys/routes.ts';
import { inspect } from '../../../src/live/look/inspect.ts';
import { Fleet } from '../../../src/resp/fleet.ts';
import { slot } from '../../../src/topology/slot-set.ts';
import { TestCluster } from '../../support/cluster.ts';
import { draw } from '../../support/drawing.ts';
import { until } from '../../support/poll.ts';
import { anyServer } from '../../support/servers.ts';

const TIMEOUTS = { connectTimeoutMs: 5000, replyTimeoutMs: 5000 };

function routesOf(drawing: string) {
  const { snapshot, id } = draw(drawing);
  const fleet = new Fleet({ entry: { kind: 'tcp', host: '127.0.0.1', port: 1 }, ...TIMEOUTS });
  return { routes: new Routes(fleet, snapshot), id };
}

describe('by the look that there is', () => {
  test.each([
    ['the newer first', 'A primary 0-99 epoch=5', 'B primary 50-16383 epoch=3'],
    ['the newer last', 'B primary 50-16383 epoch=3', 'A primary 0-99 epoch=5'],
  ])('of two that claim a slot the newer claim counts: %s', (_, ...lines) => {
    const { routes, id } = routesOf(lines.join('\n'));
    expect(routes.ownerOf(slot(50))?.id).toBe(id('A'));
    expect(routes.ownerOf(slot(100))?.id).toBe(id('B'));
  });

  test('a slot on its way: its owner says where to', () => {
    const { routes, id } = routesOf('A primary 0-99 open=5>B\nB primary 100-16383 open=5<A');
    expect(routes.ownerOf(slot(5))?.id).toBe(id('A'));
    expect(routes.targetOf(slot(5))?.id).toBe(id('B'));
    expect(routes.targetOf(slot(6))).toBeUndefined();
  });
});

test('a node that was away is found again, however many looks it was missing from', async t => {
  const cluster = await TestCluster.startFor(t, { build: anyServer(), replicasPerPrimary: 0 });
  const { host, port } = cluster.member(0);
  const fleet = new Fleet({ entry: { kind: 'tcp', host, port }, ...TIMEOUTS });
  t.onTestFinished(() => fleet.close());
  const routes = new Routes(fleet, await inspect(fleet));
  const [away, { id }] = [cluster.node(1), cluster.member(1)];
  const [first = slot(0)] = cluster.member(1).slots;
  expect(routes.ownerOf(first)?.id).toBe(id);
  await away.kill();
  await routes.lookAgain();
  await routes.lookAgain();
  expect(routes.ownerOf(first)).toBeUndefined();
  await away.start();
  await until('it is found', async () => {
    await routes.lookAgain();
    return routes.ownerOf(first)?.id === id;
  });
});
