/** What stands in the way of an atomic migration where no server on this machine shows it. */
import { describe, expect, test } from 'vitest';
import { contradictionIn } from '../../../../src/live/move/atomic/ask-other-end.ts';
import {
  cautionFor,
  fitnessOf,
  garblesWithThreads,
  type Question,
} from '../../../../src/live/move/atomic/fitness.ts';
import { atomicWay } from '../../../../src/live/move/atomic/product-differences.ts';
import type { SeenEnd } from '../../../../src/live/move/both-ends.ts';
import type { Migration } from '../../../../src/resp/commands/atomic-migration.ts';
import { nodeId, type Primary } from '../../../../src/topology/node.ts';
import { SlotSet } from '../../../../src/topology/slot-set.ts';
import type { ServerFacts } from '../../../../src/topology/snapshot.ts';
import { releaseOf } from '../../../support/servers.ts';

const [a, b] = [nodeId('a'.repeat(40)), nodeId('b'.repeat(40))];

function primary(id: typeof a, port: number, slots: string, configEpoch: number): Primary {
  const address = { host: '10.0.0.1', port };
  return {
    id,
    address,
    role: 'primary',
    slots: SlotSet.parse(slots),
    flags: [],
    health: 'ok',
    configEpoch,
    linked: true,
  };
}

function server(product: ServerFacts['product'], version: string): ServerFacts {
  const replication = { role: 'primary', offset: 0 } as const;
  return { product, version, release: releaseOf(version), replication, databases: [] };
}

function question(
  facts: ServerFacts,
  ends: { source?: Partial<SeenEnd>; target?: Partial<SeenEnd> } = {},
): Question {
  const nodes = [primary(a, 1, '0-99', 1), primary(b, 2, '', 1)] as const;
  const open = { migrating: new Map(), importing: new Map() };
  const end = (self: Primary): SeenEnd => ({ cluster: { self, nodes, open }, migrations: [] });
  const way = atomicWay(facts, facts);
  if (!way) throw new Error(`${facts.version} knows no atomic migration`);
  const [from, to] = nodes.map(({ id, address }) => ({ id, address: address ?? { host: '', port: 0 } }));
  if (!from || !to) throw new Error('there are two nodes');
  const meetAt = { ip: '10.0.0.1', port: 2, busPort: 3 };
  return {
    way,
    passage: { from, to: { ...to, meetAt }, slots: SlotSet.parse('0-9') },
    ends: { source: { ...end(nodes[0]), ...ends.source }, target: { ...end(nodes[1]), ...ends.target } },
    servers: { source: facts, target: facts },
    isOwn: () => false,
  };
}

describe('before it is begun', () => {
  test.each([
    ['9.0.0', true],
    ['9.0.5', true],
    ['9.0.6', false],
    ['9.1.1', true],
    ['9.1.2', false],
    ['9.2.0', false],
    ['8.1.0', false],
  ])('Valkey %s garbles with io-threads: %s', (version, garbles) => {
    const facts = server('valkey', version);
    expect(garblesWithThreads(facts)).toBe(garbles);
    if (version.startsWith('8')) return;
    const threaded = fitnessOf(question(facts, { target: { ioThreads: 4 } }));
    expect(threaded.kind).toBe(garbles ? 'unfit' : 'fit');
    expect(fitnessOf(question(facts, { target: { ioThreads: 1 } }))).toEqual({ kind: 'fit' });
  });

  test.each([
    ['redis', '8.4.0', 'not-yet'],
    ['redis', '8.6.0', 'fit'],
    ['valkey', '9.0.0', 'fit'],
  ] as const)('%s %s with the same epoch at both ends: %s', (product, version, kind) => {
    expect(fitnessOf(question(server(product, version))).kind).toBe(kind);
  });

  test('a target that believes in another owner may have heard of it too late, or know better', () => {
    const nodes = [primary(a, 1, '0-4', 1), primary(b, 2, '5-9', 1)] as const;
    const open = { migrating: new Map(), importing: new Map() };
    const target = { cluster: { self: nodes[1], nodes, open } };
    expect(fitnessOf(question(server('redis', '8.6.0'), { target }))).toMatchObject({
      kind: 'not-yet',
      otherwise: {
        kind: 'taken',
        why: {
          kind: 'owner-disputed',
          at: nodes[1].address,
          owner: '10.0.0.1:2',
          slots: SlotSet.range(5, 9),
        },
      },
    });
  });

  test.each([
    ['redis', '8.6.3', { wantsReplicas: true, failedToSave: false }, 'wants-replicas'],
    ['valkey', '9.1.2', { wantsReplicas: true, failedToSave: false }, undefined],
    ['redis', '8.6.3', { wantsReplicas: false, failedToSave: true }, 'cannot-save'],
    ['valkey', '9.1.2', { wantsReplicas: false, failedToSave: true }, 'cannot-save'],
  ] as const)('a target, %s %s, that may turn away what comes: %o', (product, version, writes, why) => {
    const facts = server(product, version);
    const unfit = why && { kind: 'unfit', why: { kind: why, at: { host: '10.0.0.1', port: 2 } } };
    expect(fitnessOf(question(facts, { target: { writes } }))).toEqual(unfit ?? { kind: 'fit' });
    expect(fitnessOf(question(facts, { source: { writes } }))).toEqual({ kind: 'fit' });
  });

  test('buffers that are smaller than what moves are told of', () => {
    const { ends } = question(server('valkey', '9.1.2'), { source: { replicaBufferBytes: 1024 * 1024 } });
    expect(cautionFor(ends, 2_000_000)).toEqual({
      kind: 'small-buffer',
      limitBytes: 1024 * 1024,
      estimatedBytes: 2_000_000,
    });
    expect(cautionFor(ends, 1000)).toBeUndefined();
    const unlimited = { ...ends, source: { ...ends.source, replicaBufferBytes: 0 } };
    expect(cautionFor(unlimited, 2_000_000)).toBeUndefined();
  });
});

test('success at one end and failure at the other is no success', () => {
  const other: Migration = {
    name: 'm',
    direction: 'export',
    slots: SlotSet.parse('0-9'),
    source: a,
    target: b,
    state: 'failed',
    phase: 'failed',
    message: 'Write pause timeout',
    retries: 0,
  };
  expect(contradictionIn(other)).toEqual({ state: 'failed', message: 'Write pause timeout' });
  expect(contradictionIn({ ...other, state: 'cancelled' })).toMatchObject({ state: 'cancelled' });
  expect(contradictionIn({ ...other, state: 'done' })).toBeUndefined();
  expect(contradictionIn(undefined)).toBeUndefined();
});
