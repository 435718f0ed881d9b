/** The weights and thresholds that redis-cli and valkey-cli make of what people write, and ours. */
import { describe, expect, test } from 'vitest';
import { EXIT } from '../../src/commands/context.ts';
import { TestCluster } from '../support/cluster.ts';
import { slotctl } from '../support/run-slotctl.ts';
import { EXPECTED, serversUnderTest } from '../support/servers.ts';
import { peerTool } from '../support/twins.ts';

const WEIGHTS = ['.01', '1e-2', '+1', '1.', '1.5', '2E0', '0x10', '0x1p3', '0x.8', ' 2', '00012', '0'];
const THRESHOLDS = ['.5', '1e1', '+40', '0x28'];
/** Theirs takes something for each of them, and begins to move two thousand million slots for some. */
const NEITHER = ['inf', 'nan', '-1', '2x', '1,5', ''];

const builds = serversUnderTest().filter(({ name }) => EXPECTED.includes(name));

describe.each(builds)('$name', build => {
  test('what is a number there is the same number here', async t => {
    const cluster = await TestCluster.startFor(t, { build, replicasPerPrimary: 0 });
    const id = cluster.member(0).id;
    // So that there is something to do whatever the other weight is.
    const two = `${cluster.member(1).id}=2`;
    const simulate = ['--cluster', 'rebalance', cluster.entry, '--cluster-simulate'];
    const total = (text: string) => />>> Rebalancing across .*|\*\*\* No rebalancing .*/.exec(text)?.[0];
    const told = async (...words: string[]) => {
      const [own, peer] = [
        await slotctl([...simulate, ...words]),
        await peerTool(build, [...simulate, ...words], ''),
      ];
      return {
        words,
        code: own.code,
        own: total(own.stdout.replace('[OK] No', '*** No')),
        peer: total(peer.stdout),
      };
    };
    for (const weight of WEIGHTS) {
      const { code, own, peer, words } = await told(
        '--cluster-threshold',
        '0.001',
        '--cluster-weight',
        `${id}=${weight}`,
        two,
      );
      expect.soft({ words, own, code }).toEqual({ words, own: peer, code: EXIT.done });
    }
    for (const threshold of THRESHOLDS) {
      const { code, own, peer, words } = await told(
        '--cluster-threshold',
        threshold,
        '--cluster-weight',
        `${id}=1.5`,
      );
      expect.soft({ words, own, code }).toEqual({ words, own: peer, code: EXIT.done });
    }
    for (const word of NEITHER) {
      const { code } = await slotctl([...simulate, '--cluster-weight', `${id}=${word}`]);
      expect.soft({ word, code }).toEqual({ word, code: EXIT.usage });
    }
  });
});
