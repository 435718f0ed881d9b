/**
 * The same command lines, from the same start, by our tool and by the one that comes with the server: what has become
 * of the two clusters, whether both call it success, and whether scripts find in our output what they find in theirs.
 */

import { readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { EXIT } from '../../src/commands/context.ts';
import { LoneNodes } from '../support/lone-nodes.ts';
import { folderFor } from '../support/moving.ts';
import { until } from '../support/poll.ts';
import { BIN, slotctl, slotctlProcess } from '../support/run-slotctl.ts';
import { EXPECTED, serversUnderTest } from '../support/servers.ts';
import { keyIn } from '../support/slot-keys.ts';
import { peerTool, Twin } from '../support/twins.ts';

interface Row {
  readonly line: string;
  /** As redis-trib would have it: that is what ours gets, by that name. */
  readonly trib?: string;
  /** What is piped in. */
  readonly input?: string;
  /** What happens to the cluster before. */
  readonly after?: (twin: Twin) => Promise<unknown>;
  /** Theirs is a slot off what was asked for, or gives the slot to anybody. */
  readonly isVague?: true;
  /** Theirs ends with 0 though nothing was done. */
  readonly isCalledSuccess?: true;
}

const KEYS = 20;
const SLOT_WITH_KEYS = 6000;
const SLOT_WITHOUT = 100;

const EVEN = '--cluster-threshold 0.01 --cluster-weight id0=5461 id1=5462 id2=5461';

const CHAIN: readonly Row[] = [
  { line: '--cluster check @0' },
  { line: '--cluster-yes --cluster check @1 --cluster-search-multiple-owners' },
  { line: '--cluster info @0' },
  { line: '--cluster call @0 dbsize' },
  { line: '--cluster call @0 config get appendonly', trib: 'call @0 config get appendonly' },
  { line: '--cluster call --cluster-only-masters @1 config get cluster-enabled' },
  { line: '--cluster call @0 readonly --cluster-only-replicas' },
  { line: '--cluster set-timeout @0 2500' },
  { line: '--cluster set-timeout @1 3000', trib: 'set-timeout @1 3000' },
  {
    line: '--cluster import @0 --cluster-from SOURCE --cluster-copy',
    trib: 'import --from SOURCE --copy @0',
    after: fillSource('first'),
  },
  {
    line: '--cluster import @0 --cluster-from SOURCE --cluster-copy --cluster-replace',
    trib: 'import --from SOURCE --copy --replace @0',
    after: fillSource('second'),
  },
  { line: '--cluster import --cluster-replace --cluster-from SOURCE @1', after: fillSource('third') },
  { line: '--cluster backup @0 FOLDER' },
  // Again, as every night.
  { line: '--cluster backup @0 FOLDER' },
  // Neither asks about open slots, and both about slots without an owner.
  { line: '--cluster fix @0', after: openSlot },
  { line: '--cluster fix @0', after: uncover, input: 'yes\n', isVague: true },
  { line: `--cluster rebalance @0 ${EVEN}` },
  { line: '--cluster add-node @6 @0' },
  {
    line: '--cluster add-node @7 @0 --cluster-slave --cluster-master-id id1',
    trib: 'add-node --slave --master-id id1 @7 @0',
  },
  { line: '--cluster reshard @0 --cluster-from id0 --cluster-to id6 --cluster-slots 100 --cluster-yes' },
  { line: '--cluster del-node @0 id6' },
  {
    line: '--cluster reshard @0 --cluster-from all --cluster-to id6 --cluster-slots 60 --cluster-yes',
    trib: 'reshard --from all --to id6 --slots 60 --yes --timeout 60000 --pipeline 10 @0',
    isVague: true,
  },
  { line: '--cluster rebalance @0 --cluster-simulate', isVague: true },
  { line: `--cluster rebalance @0 ${EVEN} id6=0` },
  { line: '--cluster rebalance @0' },
  { line: '--cluster rebalance @0 --cluster-threshold 99' },
  {
    line: '--cluster rebalance --cluster-use-empty-masters --cluster-threshold 0.01 --cluster-weight id0=5400 id1=5400 id2=5484 id6=100 @0',
    trib: 'rebalance --use-empty-masters --threshold 0.01 --weight id0=5400 --weight id1=5400 --weight id2=5484 --weight id6=100 @0',
  },
  { line: `--cluster rebalance @0 ${EVEN} id6=0` },
  { line: '--cluster del-node @0 id6' },
  { line: '--cluster del-node @0 id7' },
  // What goes wrong.
  { line: '--cluster reshard @0 --cluster-from all --cluster-to 0123 --cluster-slots 1 --cluster-yes' },
  { line: '--cluster reshard @0 --cluster-from id1 --cluster-to id3 --cluster-slots 1 --cluster-yes' },
  { line: '--cluster add-node @6 @0 --cluster-slave --cluster-master-id 0123' },
  { line: '--cluster check' },
  { line: '--cluster check 127.0.0.1:1' },
  { line: '--cluster frobnicate @0' },
  { line: '--cluster backup @0' },
  { line: '--cluster import @0' },
  { line: '--cluster import @0 --cluster-from @1' },
  { line: '--cluster set-timeout @0 50' },
  { line: '--cluster call @0 nosuch x', isCalledSuccess: true },
  // With a password, and without the right one.
  { line: '-a secret --cluster call @0 ping', after: lock },
  { line: '--cluster set-timeout @0 3500 --pass secret --no-auth-warning' },
  { line: '-a secret --cluster import @0 --cluster-from SOURCE', after: fillSource('fourth', 'more') },
  { line: '--cluster call @0 ping' },
  { line: '-a wrong --cluster set-timeout @0 4000' },
  { line: '--cluster import @0 -a secret' },
  { line: '-a secret --cluster import @0 --cluster-from 127.0.0.1:1' },
];

/** What theirs prints and ours does not, or says otherwise, and why. */
const DIFFERENT: readonly RegExp[] = [
  // Which slots go where: whole ranges go first. A bar has one # for each slot.
  /^Moving \d+ slots from/,
  // They are looked at in any case, and mentioned where there are some.
  /FUNCTION|functions/i,
  // A node that was removed gets a new id, so that nobody takes it for the member that it was.
  /CLUSTER RESET SOFT/,
  // Said before it is known whether it can be done.
  />>> (Removing node|Adding node|Importing data)/,
  // Keys come from another cluster, too, but not from the same.
  /The source node should not be a cluster node/,
  // And this, after it was done.
  /removed from the cluster/,
  // Every round of mending is explained before it is asked about, and its steps are named while they are done.
  /^(The following uncovered slots|Fix these slots|>>> Covering slot|\[\d+|Set as|>>> Case \d|>>> Setting)/,
  // In one sentence, with what to do about it.
  /^(At least \d nodes|This is not possible)/,
];

/** The lines that scripts may look for. Dots stand for keys, and # for slots. */
function comparable(text: string, twin: Twin): string[] {
  return twin
    .byPosition(text)
    .split('\n')
    .map(line =>
      line
        // Nobody has ended the line that an answer was piped to.
        .replace(/^.*\(type 'yes' to accept\): /, '')
        .replace('node(s)', 'nodes')
        // Whose slots are whose is not the same any more by then.
        .replace(/^(Migrating more:.*) to @\d/, '$1')
        .trim()
        .replace(/^#+|(:\s*)?[.#]*$/g, '')
        .replace(/^slots:\S*/, 'slots:')
        .replace(/Moving slot (range )?[\d -]+from/, 'Moving slot N from')
        .replace(/^(\[OK\]|\*\*\*) /, ''),
    )
    .filter(line => line !== '' && !DIFFERENT.some(pattern => pattern.test(line)));
}

function missing(ours: readonly string[], theirs: readonly string[]): string[] {
  return [...new Set(theirs.filter(line => !ours.some(own => own.includes(line))))];
}

/** Nodes are shown whole, and slots as far as everybody has some. */
function vaguely(state: readonly string[]): string[] {
  return state.map(line => line.replace(/[1-9]\d* slots/, 'some slots'));
}

async function openSlot(twin: Twin): Promise<void> {
  const slot = `${SLOT_WITH_KEYS}`;
  await twin.node(2).send('CLUSTER', 'SETSLOT', slot, 'IMPORTING', twin.id(1));
  await twin.node(1).send('CLUSTER', 'SETSLOT', slot, 'MIGRATING', twin.id(2));
}

async function uncover(twin: Twin): Promise<void> {
  const members = twin.nodes.slice(0, 6);
  await until('nobody owns the slot', async () => {
    await Promise.all(
      members.map(node => node.send('CLUSTER', 'DELSLOTS', `${SLOT_WITHOUT}`).catch(() => {})),
    );
    const infos = await Promise.all(members.map(node => node.text('CLUSTER', 'INFO')));
    return infos.every(info => info.includes('cluster_slots_assigned:16383'));
  });
}

function fillSource(value: string, name = 'imported'): (twin: Twin) => Promise<unknown> {
  const pairs = Array.from({ length: KEYS }, (_, i) => [`${name}:${i}`, `${value} ${i}`]);
  return twin => twin.source.send('MSET', ...pairs.flat());
}

/** Whoever is connected may stay. */
async function lock(twin: Twin): Promise<void> {
  const members = twin.nodes.slice(0, 6);
  await Promise.all(members.map(node => node.send('CONFIG', 'SET', 'masterauth', 'secret')));
  await Promise.all(members.map(node => node.send('CONFIG', 'SET', 'requirepass', 'secret')));
}

function fill(twin: Twin): Promise<unknown> {
  const keys = Array.from({ length: KEYS }, (_, i) => keyIn(SLOT_WITH_KEYS, `key ${i}`));
  return Promise.all(keys.map(key => twin.node(1).send('SET', key, 'value')));
}

/** Its files by name, and what is told of the nodes. */
function backupOf(twin: Twin): { files: readonly string[]; nodes: readonly unknown[] } {
  const portless = (text: string) => twin.byPosition(text).replace(/-127\.0\.0\.\d-\d+-/, '-HOST-PORT-');
  const files = readdirSync(twin.folder).filter(name => name !== 'manifest.json');
  const nodes = JSON.parse(readFileSync(join(twin.folder, 'nodes.json'), 'utf8')) as Record<
    string,
    unknown
  >[];
  return {
    files: files.map(portless).sort(),
    nodes: nodes
      .map(node => ({ ...node, port: 0, current_epoch: 0, slots: [] }))
      .map(node => twin.byPosition(JSON.stringify(node)))
      .sort(),
  };
}

const builds = serversUnderTest().filter(({ name }) => EXPECTED.includes(name));

describe.each(builds)('$name', build => {
  test('one command line after the other, on two clusters', async t => {
    const [ours, theirs] = await Promise.all([Twin.startFor(t, build), Twin.startFor(t, build)]);
    const cwd = folderFor(t);
    const asTrib = join(cwd, 'redis-trib.rb');
    symlinkSync(BIN, asTrib);
    await Promise.all([ours, theirs].map(fill));
    for (const { line, trib, input = '', after, isVague, isCalledSuccess } of CHAIN) {
      await Promise.all([ours, theirs].map(twin => after?.(twin)));
      const words = ours.spell(trib ?? line);
      const [bin, program] = trib === undefined ? [BIN, 'slotctl'] : [asTrib, asTrib];
      const [own, peer] = await Promise.all([
        // What gives way is kept in a file in the current folder.
        line.includes('-replace')
          ? slotctlProcess(words, { input, cwd, bin })
          : slotctl(words, { lines: input.split('\n').slice(0, -1), program }),
        peerTool(build, theirs.spell(line), input),
      ]);
      await Promise.all([ours, theirs].map(twin => twin.settled()));
      const [reached, expected] = await Promise.all([ours.state(), theirs.state()]);
      const [ownLines, peerLines] = [comparable(own.stdout, ours), comparable(peer.stdout, theirs)];
      expect
        .soft({
          line,
          state: isVague ? vaguely(reached) : reached,
          succeeded: own.code === 0,
          missing: missing(ownLines, peerLines),
        })
        .toEqual({
          line,
          state: isVague ? vaguely(expected) : expected,
          succeeded: peer.code === 0 && !isCalledSuccess,
          missing: [],
        });
      // What they complain about there is told here too, if in other words.
      const complaints = peer.stderr.replace(/^(SYNC sent|Transfer finished) .*\n/gm, '');
      expect.soft(own.stderr !== '' || complaints === '', `${line}: ${complaints}`).toBe(true);
    }
    expect(backupOf(ours)).toEqual(backupOf(theirs));
  });

  test('help: each of its lines is one of ours', async () => {
    const [own, peer] = await Promise.all([
      slotctl(['--cluster', 'help']),
      peerTool(build, ['--cluster', 'help']),
    ]);
    const lines = (text: string) => text.split('\n').map(line => line.trimEnd());
    expect(missing(lines(own.stdout), lines(peer.stdout))).toEqual([]);
  });

  test('create, with an answer that is piped in', async t => {
    const plan = { build, count: 6, hosts: ['127.0.0.1'] };
    const [ours, theirs] = await Promise.all(
      [1, 2].map(async () => Twin.of((await LoneNodes.startFor(t, plan)).nodes)),
    );
    if (!ours || !theirs) return;
    // Valkey's makes a cluster of it, if that is meant.
    const few = `--cluster create @0 @1 @2 @3 --cluster-replicas 1${build.product === 'redis' ? ' --cluster-yes' : ''}`;
    const declined = await Promise.all([
      slotctl(ours.spell(few), { lines: ['no'] }),
      peerTool(build, theirs.spell(few), 'no\n'),
    ]);
    expect(declined.map(({ code }) => code)).toEqual([EXIT.refused, 1]);
    expect(missing(comparable(declined[0].stdout, ours), comparable(declined[1].stdout, theirs))).toEqual([]);
    const line = '--cluster create --cluster-replicas 1 @0 @1 @2 @3 @4 @5';
    const [own, peer] = await Promise.all([
      slotctl(ours.spell(line), { lines: ['yes'] }),
      peerTool(build, theirs.spell(line), 'yes\n'),
    ]);
    await theirs.settled();
    // Whose replica somebody becomes is chance there.
    const whose = (state: string[]) => state.map(text => text.replace(/replica of .*/, 'replica'));
    expect(whose(await ours.state())).toEqual(whose(await theirs.state()));
    expect([own.code, peer.code]).toEqual([0, 0]);
    const chance = /replica|optimize|same host|^\.*$|^M:|^S:|master/;
    const [ownLines, peerLines] = [comparable(own.stdout, ours), comparable(peer.stdout, theirs)];
    expect(
      missing(
        ownLines,
        peerLines.filter(text => !chance.test(text)),
      ),
    ).toEqual([]);
  });
});
