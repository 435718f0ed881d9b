/**
 * So many names that only a share of them is remembered, and a node that comes back empty in the midst of it: what it had is
 * sent again, and what clients have made of the other keys since is not written over.
 */

import { describe, expect, type TestContext, test } from 'vitest';
import { importKeys } from '../../src/live/import/import-keys.ts';
import { lookAtSource } from '../../src/live/import/look-at-source.ts';
import { inspect } from '../../src/live/look/inspect.ts';
import { type ImportPlan, type ImportWishes, planImport } from '../../src/plan/transfer/import.ts';
import type { ImportResult } from '../../src/plan/transfer/import-events.ts';
import { Fleet } from '../../src/resp/fleet.ts';
import { parseAddress } from '../../src/resp/parse-address.ts';
import { examine } from '../../src/topology/diagnose.ts';
import type { Address } from '../../src/topology/node.ts';
import { TestCluster } from '../support/cluster.ts';
import { ownersIn } from '../support/data.ts';
import { startLoneServer } from '../support/lone-server.ts';
import { planOf } from '../support/plan-text.ts';
import type { ServerProcess } from '../support/server-process.ts';
import { EXPECTED, serversUnderTest } from '../support/servers.ts';

const KEYS = 6000;
/** Enough for one name in four. */
const MOST_NAME_BYTES = 100_000;
const BEFORE = 30;
const nameOf = (i: number) => `key:${i}`;
const WISHES = { copy: true, replace: true, clash: 'refuse', despiteFindings: false } as const;
const LIMITS = { firstBatch: 50, maxBlockMs: 1000, timeoutMs: 60_000, allowBlocking: false };

const builds = serversUnderTest().filter(({ name }) => EXPECTED.includes(name));

describe.concurrent.each(builds)('$name', build => {
  /** Some of the keys have other values in the cluster, which are to be replaced. */
  async function startBoth(t: TestContext): Promise<[TestCluster, ServerProcess]> {
    const [cluster, source] = await Promise.all([
      TestCluster.startFor(t, { build, replicasPerPrimary: 0 }),
      startLoneServer(t, build, {}),
    ]);
    const names = Array.from({ length: KEYS }, (_, i) => nameOf(i));
    await source.send('MSET', ...names.flatMap(name => [name, 'of the source']));
    const ownerOf = await ownersIn(cluster);
    await Promise.all(
      names.slice(0, BEFORE).map(name => ownerOf(Buffer.from(name)).send('SET', name, 'of the cluster')),
    );
    return [cluster, source];
  }

  function fleetFor(t: TestContext, { address }: ServerProcess): Fleet {
    const entry = { kind: 'tcp', ...parseAddress(address) } as const;
    const fleet = new Fleet({ entry, connectTimeoutMs: 5000, replyTimeoutMs: 60_000 });
    t.onTestFinished(() => fleet.close());
    return fleet;
  }

  async function planned(target: Fleet, source: Fleet, from: Address, wishes: ImportWishes) {
    const [cluster, found] = [await inspect(target), await lookAtSource(source, from)];
    const ways = { hasLogin: false, sourceTls: false, targetTls: false };
    return planOf(planImport({ source: found, target: examine(cluster), targetDatabases: 1, wishes, ways }));
  }

  async function carry(
    plan: ImportPlan,
    fleets: { readonly target: Fleet; readonly source: Fleet },
    { rescues, after, act }: { rescues: boolean; after: number; act: () => void },
  ): Promise<ImportResult> {
    let [carried, isDone] = [0, false];
    const importing = importKeys(plan, {
      ...fleets,
      ...{
        limits: LIMITS,
        paceLimits: {},
        rescues,
        copy: true,
        replace: true,
        mostNameBytes: MOST_NAME_BYTES,
      },
      ...{ mayEvict: false, tellsKeys: false, stopping: new AbortController().signal },
      nowMs: () => performance.now(),
    });
    for await (const event of importing) {
      if (event.kind === 'counted') return event.result;
      if (event.kind === 'carried') carried += event.keys;
      if (carried < after || isDone) continue;
      isDone = true;
      act();
    }
    throw new Error('it has not come to its end');
  }

  test.for([
    { when: 'half has come', after: KEYS / 2, throughHere: false, rescues: false },
    { when: 'half has come', after: KEYS / 2, throughHere: true, rescues: false },
    { when: 'half has come', after: KEYS / 2, throughHere: false, rescues: true },
    { when: 'all has come', after: KEYS, throughHere: false, rescues: false },
  ])('when $when, through here: $throughHere, rescue: $rescues', async (how, t) => {
    const { after, throughHere, rescues } = how;
    const [cluster, source] = await startBoth(t);
    const fleets = { target: fleetFor(t, cluster.node(0)), source: fleetFor(t, source) };
    const plan = await planned(fleets.target, fleets.source, parseAddress(source.address), {
      ...WISHES,
      throughHere,
    });
    const [changing, lost, waiting] = [cluster.node(0), cluster.node(1), cluster.node(2)];
    let disturbing: Promise<string[]> = Promise.resolve([]);
    const result = await carry(plan, fleets, {
      rescues,
      after,
      // Nothing can end while that one stands still.
      act: () => {
        waiting.signal('SIGSTOP');
        lost.signal('SIGSTOP');
        disturbing = changeAll(changing);
        disturbing = disturbing
          .then(async changed => {
            await lost.restart();
            return changed;
          })
          .finally(() => waiting.signal('SIGCONT'));
      },
    });
    const changed = await disturbing;
    expect(changed.length).toBeGreaterThan(100);
    const values = await Promise.all(changed.map(name => changing.send('GET', name)));
    const overwritten = values.filter(value => String(value) !== 'newer').length;
    expect(overwritten).toBe(0);
    expect(result).toMatchObject({ isWhole: true, check: { missing: 0 } });
    expect(result.check.oneOf).toBeGreaterThan(1);
    const held = await Promise.all(cluster.nodes.map(node => node.send('DBSIZE')));
    expect(held.map(Number).reduce((sum, keys) => sum + keys)).toBe(KEYS);
    // Where only a part had come, nobody knows what of the rest was brought: both values are kept, and that is told.
    expect(result.clashing > 0).toBe(after < KEYS);
  });
});

/** All keys that it has been brought by now, as clients do it. */
async function changeAll(node: ServerProcess): Promise<string[]> {
  const reply = await node.send('SCAN', '0', 'COUNT', `${KEYS}`);
  const found = Array.isArray(reply) && Array.isArray(reply[1]) ? reply[1].map(String) : [];
  const values = await Promise.all(found.map(name => node.send('GET', name)));
  const brought = found.filter((_, i) => String(values[i]) === 'of the source');
  await Promise.all(brought.map(name => node.send('SET', name, 'newer')));
  return brought;
}
