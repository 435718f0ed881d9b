/**
 * The simulated cluster says what real servers say: the same commands go to both, in sequences by chance and in some
 * that were thought up. First with the cluster bus cut, so that nothing happens by itself; then with it.
 */
import { describe, expect, test } from 'vitest';
import { ServerRefusalError } from '../../src/resp/errors.ts';
import { ErrorReply, type Reply } from '../../src/resp/reply.ts';
import { BusProxies } from '../support/bus-proxies.ts';
import { type Member, TestCluster } from '../support/cluster.ts';
import { until } from '../support/poll.ts';
import { type ServerBuild, serversUnderTest } from '../support/servers.ts';
import { answer } from '../support/simulated/answer.ts';
import type { SimulatedCluster } from '../support/simulated/cluster.ts';
import { keyIn } from '../support/simulated/key-names.ts';
import { Random } from '../support/simulated/random.ts';
import { Session } from '../support/simulated/session.ts';
import { twinOf } from '../support/simulated/twin.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';

const builds = serversUnderTest().filter(({ name }) =>
  ['redis-7.0', 'redis-8.6', 'valkey-9.1'].includes(name),
);

/** A real cluster and its double; each command goes to both, and both answers come back as text. */
class Pair {
  readonly real: TestCluster;
  readonly double: SimulatedCluster;
  readonly #sessions = new Map<number, Session>();

  constructor(real: TestCluster, build: ServerBuild, allowsReplicaMigration: boolean) {
    this.real = real;
    const { product, version } = build;
    this.double = twinOf(real.members, { dialect: { product, version }, allowsReplicaMigration });
  }

  /** To the real one, where that is said differently, in other words. */
  async ask(
    position: number,
    words: readonly string[],
    realWords = words,
  ): Promise<{ real: string; double: string }> {
    const session = this.#sessions.get(position) ?? new Session();
    this.#sessions.set(position, session);
    const said = answer(this.double.node(position), session, words, this.double);
    if (typeof said === 'symbol') throw new Error(`${words.join(' ')} ends the connection`);
    return { real: await this.#askReal(position, realWords), double: shown(said, words) };
  }

  /** What all nodes come to believe, and how many keys they have, is the same in the end. */
  async agrees(about: string): Promise<void> {
    this.double.settle();
    const questions = [
      ['CLUSTER', 'NODES'],
      ['CLUSTER', 'INFO'],
    ];
    const asked = this.double.nodes.flatMap(({ isPrimary }, i): Asked[] => [
      ...questions.map((words): Asked => [i, words]),
      // Where a primary of Redis 7.0 deletes the keys of a slot that it has lost, its replicas keep them.
      ...(isPrimary ? [[i, ['DBSIZE']] satisfies Asked] : []),
    ]);
    let looks = 0;
    await until(about, async () => {
      const answers = await Promise.all(asked.map(([position, words]) => this.ask(position, words)));
      const different = answers.findIndex(({ real, double }) => real !== double);
      const { real, double } = answers[different] ?? { real: '', double: '' };
      if (different !== -1 && ++looks > MOST_LOOKS)
        throw new Error(`${about}: ${asked[different]}\nreal:\n${real}\ndouble:\n${double}`);
      return different === -1;
    });
  }

  async #askReal(position: number, words: readonly string[]): Promise<string> {
    try {
      return shown(await this.real.node(position).send(...words), words);
    } catch (error) {
      if (!(error instanceof ServerRefusalError)) throw error;
      return `-${error.text}`;
    }
  }
}

/** Keys come in no order, and of CLUSTER NODES only that counts on which time has no influence. */
function shown(reply: Reply, words: readonly string[]): string {
  if (reply instanceof ErrorReply) return `-${reply.text}`;
  if (reply === null || typeof reply === 'number') return `${reply}`;
  const subcommand = words[1]?.toUpperCase();
  if (!Buffer.isBuffer(reply)) {
    const items = (reply as readonly Reply[]).map(item => shown(item, []));
    return (subcommand === 'GETKEYSINSLOT' ? items.sort() : items).join(' ');
  }
  const text = reply.toString('latin1');
  if (subcommand === 'NODES') return text.split('\n').map(withoutTimes).sort().join('\n');
  if (subcommand === 'INFO')
    return [...text.matchAll(/^cluster_(?:state|slots_assigned|size|current_epoch|my_epoch):.*$/gm)]
      .map(([line]) => line?.trim())
      .join(' ');
  return text;
}

function withoutTimes(line: string): string {
  const [id, , flags = '', primary, , , epoch, , ...slots] = line.split(' ');
  const own = flags.split(',').filter(flag => ['myself', 'master', 'slave'].includes(flag));
  return [id, own, primary, epoch, ...slots].join(' ');
}

async function startMute(build: ServerBuild): Promise<Pair> {
  const proxies = new BusProxies();
  const { announcedBusPort } = proxies;
  // Nobody is missed while the bus is cut.
  const nodeTimeoutMs = 600_000;
  const real = await TestCluster.start({ build, replicasPerPrimary: 0, nodeTimeoutMs, announcedBusPort });
  proxies.close();
  return new Pair(real, build, false);
}

async function startTalking(build: ServerBuild): Promise<Pair> {
  const config = ['cluster-allow-replica-migration yes'];
  const real = await TestCluster.start({ build, nodeTimeoutMs: 2000, config });
  return new Pair(real, build, true);
}

describe.concurrent.each(builds)('$name', build => {
  test('by chance, each node for itself: the same answers to the same commands', async () => {
    const pair = await startMute(build);
    const heard = new Set<string>();
    try {
      const random = new Random(20);
      for (let round = 0; round < ROUNDS; round++) {
        for (const [position, words] of begin(pair.real.members)) await pair.ask(position, words);
        const told: string[] = [];
        const compare = async ([position, words]: Asked) => {
          const { real, double } = await pair.ask(position, words);
          told.push(`${position}: ${words.join(' ')} > ${real.slice(0, 200)}`);
          expect(double, told.join('\n')).toBe(real);
          heard.add(`${words[0]} ${kindOf(real)}`);
        };
        for (let i = 0; i < STEPS; i++)
          for (const asked of anything(random, pair.real.members)) await compare(asked);
        for (const position of [0, 1, 2]) {
          await compare([position, ['CLUSTER', 'NODES']]);
          await compare([position, ['CLUSTER', 'INFO']]);
        }
      }
    } finally {
      await pair.real.dispose();
    }
    // Chance has come to what matters.
    expect(MATTERS.filter(kind => !heard.has(kind))).toEqual([]);
  });

  test('a MIGRATE whose last key arrives, and whose source does not hear of it', async t => {
    const pair = await startMute(build);
    t.onTestFinished(() => pair.real.dispose());
    const [source, target] = pair.real.members;
    if (!source || !target) throw new Error('the cluster has no two nodes');
    const proxy = await TcpProxy.open(target);
    t.onTestFinished(() => proxy.close());
    const compare = async (position: number, words: string[], realWords = words) => {
      const { real, double } = await pair.ask(position, words, realWords);
      expect(double, words.join(' ')).toBe(real);
      return real;
    };
    for (const [slot, answers, told] of TORN) {
      const keys = [0, 1, 2].map(number => keyIn(slot, number));
      const migrate = (...place: string[]) => ['MIGRATE', ...place, '', '0', '1000', 'KEYS', ...keys];
      for (const key of keys) await compare(0, ['SET', key, 'at the source']);
      await compare(1, ['CLUSTER', 'SETSLOT', `${slot}`, 'IMPORTING', source.id]);
      await compare(0, ['CLUSTER', 'SETSLOT', `${slot}`, 'MIGRATING', target.id]);
      if (answers.includes(BUSY)) {
        await compare(1, ['ASKING']);
        await compare(1, ['SET', keyIn(slot, 0), 'at the target']);
      }
      proxy.heardBytes = answers.join('').length;
      pair.double.isTearing = true;
      const words = migrate(target.host, `${target.port}`);
      expect(await compare(0, words, migrate('127.0.0.1', `${proxy.port}`))).toBe(told);
      expect(pair.double.isTearing).toBe(false);
      for (const position of [0, 1])
        for (const key of keys) {
          await compare(position, ['ASKING']);
          await compare(position, ['GET', key]);
        }
    }
  });
});

const OK = '+OK\r\n';
const BUSY = '-BUSYKEY Target key name already exists.\r\n';

/** What the source hears of SELECT and of all keys but the last; what it says then. */
const TORN: readonly [slot: number, answers: readonly string[], told: string][] = [
  [0, [OK, OK, OK], '-IOERR error or timeout reading to target instance'],
  [7, [OK, BUSY, OK], `-ERR Target instance replied with error: ${BUSY.slice(1, -2)}`],
];

describe.concurrent.each(builds)('$name, with the bus', build => {
  test('claims are spread and believed, values are lost and roles change as on real servers', async () => {
    const pair = await startTalking(build);
    try {
      for (const [about, steps] of story(pair.real.members)) {
        for (const [position, words] of steps) {
          const { real, double } = await pair.ask(position, words);
          expect(double, `${about}: ${words.join(' ')}`).toBe(real);
        }
        await pair.agrees(about);
      }
    } finally {
      await pair.real.dispose();
    }
  });
});

/** Nodes 0 to 2 are primaries, 3 to 5 their replicas. */
function story(members: readonly Member[]): [about: string, steps: Asked[]][] {
  const id = (position: number) => members[position]?.id ?? '';
  const set = (position: number, slot: number, ...words: string[]): Asked => [
    position,
    ['CLUSTER', 'SETSLOT', `${slot}`, ...words],
  ];
  const put = (position: number, slot: number): Asked[] =>
    [0, 1].map(number => [position, ['SET', keyIn(slot, number), 'value']]);
  const open = (slot: number, from: number, to: number): Asked[] => [
    set(to, slot, 'IMPORTING', id(from)),
    set(from, slot, 'MIGRATING', id(to)),
  ];
  /** Before anybody on the bus can object. */
  const atOnce = (position: number, ...commands: string[][]): Asked[] => [
    [position, ['MULTI']],
    ...commands.map((words): Asked => [position, ['CLUSTER', ...words]]),
    [position, ['EXEC']],
  ];
  const migrate = (to: number, ...keys: string[]) => {
    const { host = '', port = 0 } = members[to] ?? {};
    return ['MIGRATE', host, `${port}`, '', '0', '1000', 'KEYS', ...keys];
  };
  return [
    ['nothing has happened', []],
    ['a replica is told what only primaries do', [set(3, 0, 'STABLE')]],
    ['a target claims an empty slot', [...open(0, 0, 1), set(1, 0, 'NODE', id(1))]],
    [
      'a target claims a slot of which the source has keys: they are gone',
      [...put(2, 12_000), ...open(12_000, 2, 1), set(1, 12_000, 'NODE', id(1))],
    ],
    ['a node says without a newer epoch that it owns a slot: nobody believes it', [set(2, 2, 'NODE', id(2))]],
    ['a third node is told of an owner that does not claim the slot', [set(2, 3, 'NODE', id(1))]],
    ['a third node forgets the owner of a slot', [[2, ['CLUSTER', 'DELSLOTS', '4']]]],
    ['an owner gives up a slot', [[0, ['CLUSTER', 'DELSLOTS', '5']]]],
    ['and another takes it, by the epoch', atOnce(2, ['DELSLOTS', '5'], ['ADDSLOTS', '5'], ['BUMPEPOCH'])],
    ['a primary with slots cannot follow another', [[0, ['CLUSTER', 'REPLICATE', id(1)]]]],
    ['a primary is no replica to fail over to', [[0, ['CLUSTER', 'FAILOVER', 'TAKEOVER']]]],
    [
      'a replica takes over from a source in the middle of a move',
      [
        ...put(0, 6),
        ...open(6, 0, 1),
        [0, migrate(1, keyIn(6, 0))],
        [0, ['WAIT', '1', '10000']],
        [3, ['CLUSTER', 'FAILOVER', 'TAKEOVER']],
      ],
    ],
    [
      'and what it says of the key that has moved, and of the one that has not',
      [0, 1].flatMap((number): Asked[] => [
        [3, ['GET', keyIn(6, number)]],
        [1, ['GET', keyIn(6, number)]],
      ]),
    ],
    [
      'a primary loses its last slot, and follows whoever has it',
      atOnce(
        1,
        ['DELSLOTSRANGE', '10923', '16383'],
        ['ADDSLOTSRANGE', '10923', '16383'],
        ['DELSLOTS', '5'],
        ['ADDSLOTS', '5'],
        ['BUMPEPOCH'],
      ),
    ],
  ];
}

/** Several times what real servers need to tell each other. */
const MOST_LOOKS = 400;
const ROUNDS = 25;
const STEPS = 25;

const MATTERS = [
  'MIGRATE OK',
  'MIGRATE NOKEY',
  'MIGRATE -MOVED',
  'MIGRATE -CLUSTERDOWN',
  'MIGRATE -ERR Target instance replied with error: BUSYKEY',
  'MIGRATE -ERR Target instance replied with error: MOVED',
  'MGET -TRYAGAIN',
  'MGET -CROSSSLOT',
  'GET -ASK',
  'CLUSTER -ERR Can',
];

/** What a refusal is about, and not which slot or node. */
function kindOf(reply: string): string {
  return /^-ERR Target instance replied with error: \w+|^-ERR \w+|^-?\w+/.exec(reply)?.[0] ?? reply;
}

type Asked = [position: number, words: string[]];

/** In slots of the first node, and of the second. */
const SLOTS = [0, 7, 6000];

/** Every slot is where it was, and nothing is in it. */
function begin(members: readonly Member[]): Asked[] {
  return members.flatMap((_, position): Asked[] => [
    [position, ['FLUSHALL']],
    ...SLOTS.flatMap((slot): Asked[] => [
      [position, ['CLUSTER', 'SETSLOT', `${slot}`, 'STABLE']],
      [
        position,
        ['CLUSTER', 'SETSLOT', `${slot}`, 'NODE', members.find(({ slots }) => slots.has(slot))?.id ?? ''],
      ],
    ]),
  ]);
}

/** One command, or those by which a move begins. */
function anything(random: Random, members: readonly Member[]): Asked[] {
  if (!random.chance(15)) return [anyCommand(random, members)];
  const slot = random.pick(SLOTS);
  const from = members.findIndex(({ slots }) => slots.has(slot));
  const to = (from + 1 + random.below(members.length - 1)) % members.length;
  const keys = [keyIn(slot, 0), keyIn(slot, 1), keyIn(slot, 2)];
  const target = members[to];
  const maybe = (...asked: Asked[]) => (random.chance(50) ? asked : []);
  return [
    [from, ['SET', keyIn(slot, 0), 'at the source']],
    [from, ['SET', keyIn(slot, 1), 'at the source', 'PX', '1000000']],
    [to, ['CLUSTER', 'SETSLOT', `${slot}`, 'IMPORTING', members[from]?.id ?? '']],
    [from, ['CLUSTER', 'SETSLOT', `${slot}`, 'MIGRATING', target?.id ?? '']],
    ...maybe([to, ['ASKING']], [to, ['SET', keyIn(slot, 1), 'at the target']]),
    ...maybe([from, ['MGET', ...keys]], [from, ['GET', keyIn(slot, 2)]]),
    ...maybe([to, ['ASKING']], [to, ['MGET', ...keys]]),
    ...maybe([from, ['MIGRATE', target?.host ?? '', `${target?.port}`, '', '0', '1000', 'KEYS', ...keys]]),
  ];
}

function anyCommand(random: Random, members: readonly Member[]): Asked {
  const slot = random.pick(SLOTS);
  const id = random.chance(3) ? 'f'.repeat(40) : random.pick(members).id;
  const key = () => keyIn(slot, random.below(3));
  const word = random.chance(3) ? random.pick(['16384', '-1', 'x', '']) : `${slot}`;
  const position = random.below(members.length);
  const to = random.pick(members.filter((_, i) => i !== position));
  const keys = random.chance(50) ? [key()] : [keyIn(slot, 0), keyIn(slot, 1), keyIn(slot, 2)];
  const option = random.chance(20) ? ['REPLACE'] : random.chance(10) ? ['COPY'] : [];
  const migrate = ['MIGRATE', to.host, `${to.port}`, '', '0', '1000', ...option, 'KEYS', ...keys];
  const commands: readonly (readonly [weight: number, words: string[]])[] = [
    [12, ['SET', key(), `${random.below(100)}`]],
    [6, ['GET', key()]],
    [3, ['DEL', key()]],
    [3, ['EXISTS', keyIn(slot, 0), keyIn(slot, 1)]],
    [2, ['MGET', keyIn(slot, 0), keyIn(slot, 2)]],
    [1, ['MGET', keyIn(slot, 0), 'somewhere else']],
    [6, ['ASKING']],
    [14, migrate],
    [8, ['CLUSTER', 'SETSLOT', word, 'MIGRATING', id]],
    [8, ['CLUSTER', 'SETSLOT', word, 'IMPORTING', id]],
    [10, ['CLUSTER', 'SETSLOT', word, 'NODE', id]],
    [3, ['CLUSTER', 'SETSLOT', word, 'STABLE']],
    [1, ['CLUSTER', 'SETSLOT', word, 'SOMEHOW', id]],
    [1, ['CLUSTER', 'SETSLOT', word, 'NODE']],
    [3, ['CLUSTER', 'DELSLOTS', word]],
    [5, ['CLUSTER', 'ADDSLOTS', word]],
    [1, ['CLUSTER', 'DELSLOTS', `${slot}`, `${slot}`]],
    [1, ['CLUSTER', 'ADDSLOTSRANGE', `${slot}`, `${slot}`]],
    [1, ['CLUSTER', 'DELSLOTSRANGE', '7', '0']],
    [4, ['CLUSTER', 'COUNTKEYSINSLOT', word]],
    [4, ['CLUSTER', 'GETKEYSINSLOT', word, '10']],
    [1, ['CLUSTER', 'GETKEYSINSLOT', `${slot}`, '-1']],
    [1, ['CLUSTER', 'BUMPEPOCH']],
    [1, ['CLUSTER', 'SET-CONFIG-EPOCH', '9']],
    [1, ['CLUSTER', 'COUNT-FAILURE-REPORTS', id]],
    [2, ['DUMP', 'nothing here']],
    [2, ['DBSIZE']],
    [1, ['SELECT', random.pick(['0', '1', 'x'])]],
  ];
  return [position, weighed(random, commands)];
}

function weighed(random: Random, choices: readonly (readonly [weight: number, words: string[]])[]): string[] {
  let left = random.below(choices.reduce((sum, [weight]) => sum + weight, 0));
  for (const [weight, words] of choices) {
    left -= weight;
    if (left < 0) return words;
  }
  return [];
}
