/** What `explain` prints is what `fix` sends to real servers, as `--trace` shows it. */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { nodesAccordingTo, TestCluster } from '../support/cluster.ts';
import { Damage } from '../support/damage.ts';
import { type Comparison, compare, type Sent } from '../support/explained.ts';
import { until } from '../support/poll.ts';
import { slotctl } from '../support/run-slotctl.ts';
import { EXPECTED, serversUnderTest } from '../support/servers.ts';
import { removeFolder, tempFolder } from '../support/temp-folder.ts';

/** `  12.3 ms  host:port > CLUSTER …` */
const TRACED = /^ *[\d.]+ ms {2}(\S+) > (.*)$/;
/** What the rights of the user are tried with, since every server refuses it. */
const TRIED = /^(CLUSTER SETSLOT 16384 |RESTORE-ASKING slotctl:\S+ -1 )/;

/** What was sent while the first round was carried out: the next one is planned from what this one brings to light. */
function firstRound(stream: string): Sent[] {
  const [round = ''] = stream.split('Looking again:');
  return round.split('\n').flatMap(line => {
    const [, node = '', text = ''] = TRACED.exec(line) ?? [];
    return text === '' ? [] : [{ node, words: text.split(' '), isRefused: TRIED.test(text) }];
  });
}

async function compared(cluster: TestCluster, ...options: string[]): Promise<Comparison> {
  const explained = await slotctl(['explain', cluster.entry, ...options]);
  let stream = '';
  const watch = (text: string) => {
    stream += text;
  };
  const folder = tempFolder('explained');
  const file = join(folder, 'rescue.jsonl');
  await slotctl(['fix', cluster.entry, '--yes', '--trace', '--rescue-file', file, ...options], { watch });
  removeFolder(folder);
  return compare(explained.stdout, firstRound(stream));
}

const SAME: Comparison = { unsaid: [], unsent: [], unsentForClashes: [] };

const builds = serversUnderTest();
const some = builds.filter(({ name }) => EXPECTED.includes(name));

describe.concurrent.each(some.length > 0 ? some : builds)('$name', build => {
  test('open slots, with keys on either or both sides', async t => {
    const cluster = await TestCluster.startFor(t, { build });
    const damage = new Damage(cluster);
    const both = damage.spot(0);
    await damage.write(0, both.key('a'), 'of the owner');
    await damage.write(0, both.key('b'), 'only there');
    await damage.importing(1, both, 0);
    await damage.writeAside(1, both.key('a'), 'of the other');
    await damage.migrating(0, both, 1);
    const migrating = damage.spot(0);
    await damage.migrating(0, migrating, 2);
    const importing = damage.spot(0);
    await damage.importing(2, importing, 0);
    const held = damage.spot(1);
    await damage.write(1, held.key('a'), 'of the owner');
    await damage.importing(2, held, 1);
    await damage.writeAside(2, held.key('a'), 'of the other');
    await damage.writeAside(2, held.key('b'), 'only there');
    expect(await compared(cluster, '--prefer', 'other')).toEqual(SAME);
  });

  test('slots that nobody owns, with keys and without', async t => {
    const cluster = await TestCluster.startFor(t, { build });
    const damage = new Damage(cluster);
    const [none, one, dropped] = [damage.spot(0), damage.spot(1), damage.spot(1)];
    await damage.write(1, one.key('a'), 'a value');
    for (const spot of [none, one]) await damage.disown(spot);
    // The others still believe that it belongs to somebody.
    await cluster.node(1).send('CLUSTER', 'DELSLOTS', dropped.slot);
    expect(await compared(cluster)).toEqual(SAME);
  });

  test('an owner that is dead', async t => {
    const cluster = await TestCluster.startFor(t, { build, primaries: 4, nodeTimeoutMs: 1000 });
    for (const node of [2, 3, 7]) await cluster.node(node).kill();
    await until('the others have noticed', async () => {
      const lists = await Promise.all([0, 1].map(i => nodesAccordingTo(cluster.node(i))));
      const dead = [2, 3].map(i => cluster.member(i).id);
      return lists.flat().every(node => !dead.includes(node.id) || node.health !== 'ok');
    });
    const options = ['--connect-timeout', '1', '--cluster-fix-with-unreachable-masters'];
    expect(await compared(cluster, ...options)).toEqual(SAME);
  });
});
