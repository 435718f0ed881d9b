/**
 * Clusters drawn as text, for scenarios and for the messages of failing tests. A line is a node or an opinion:
 *
 *   A primary 0-5460 [epoch=1] [host=h1] [version=7.2.4] [state=fail|unknown] [keys=5:2,9:1] [hidden=1|uncounted=yes] [open=5>B,6<C]
 *   a replica of A [host=h2] [link=down|syncing] [behind=20000000] [received=5] [total=9] [listed=waiting|sending|online]
 *   B primary 5461-10922 down             does not answer us; the others hear it; with loading as well it says that it loads
 *   B primary 5461-10922 dead             nor anybody else
 *   b replica of B down answers=A         another node answers where it is looked for [map=LINE]
 *   b replica of B down refuses=login     it answers, and will not talk to us (login, right)
 *   X stranger handshake                  known by name only, and never asked
 *   N primary alone                       answers, knows nobody and is known to nobody
 *   L primary outside                     takes itself for a member, and no member knows it
 *   A says B primary 0-99                 A's view of B differs from what B says
 *   A says B fail                         … or fail?, unlinked, noaddr, at HOST
 *   A omits B                             A does not know B
 *   N knows A                             N does, although it is alone or A is outside
 *
 * Further options of every node: port=7001, product=valkey, zone=z1, holds=3 (keys that it counts itself), used=99:100 (bytes, and
 * its maxmemory), policy=allkeys-lru, evicted=5, and, for what becomes of
 * it as an applicant, tls=yes|no, functions=NAME:CODE,… and functions=none.
 *
 * Everybody knows everybody and repeats what each says of itself, unless an opinion says otherwise. Whoever is alone
 * or outside is an applicant only, and no part of the snapshot.
 */
import { createHash } from 'node:crypto';
import type { Applicant } from '../../src/topology/candidate.ts';
import type { Census, NodeCensus } from '../../src/topology/census.ts';
import {
  type Address,
  type ClusterNode,
  formatAddress,
  type NodeId,
  nodeId,
  type OpenSlots,
  USUAL_BUS_OFFSET,
} from '../../src/topology/node.ts';
import { type Slot, SlotSet, slot } from '../../src/topology/slot-set.ts';
import type {
  ClusterSnapshot,
  ListedReplica,
  NodeView,
  Replication,
  ServerFacts,
  UnreachableNode,
} from '../../src/topology/snapshot.ts';
import { releaseOf } from './servers.ts';

export interface Drawing {
  readonly snapshot: ClusterSnapshot;
  readonly census: Census;
  /** Everybody who is drawn, in that order, as if somebody wanted them in a cluster. */
  readonly applicants: readonly Applicant[];
  applicant(name: string): Applicant;
  id(name: string): NodeId;
  /** Puts the letters back where ids and addresses stand in a text. */
  named(text: string): string;
}

interface Actor {
  readonly name: string;
  readonly address: Address;
  readonly node: ClusterNode;
  readonly down: boolean;
  readonly loading: boolean;
  readonly alone: boolean;
  /** Whether it is no part of the cluster. */
  readonly outside: boolean;
  readonly options: ReadonlyMap<string, string>;
}

export const PRIMARY_OFFSET = 1_000_000_000;
const VERBS: ReadonlySet<string> = new Set(['says', 'omits', 'knows']);

export function draw(text: string): Drawing {
  const lines = text
    .split('\n')
    .map(line => line.trim().split(/\s+/))
    .filter(([first]) => first);
  const actors = new Map<string, Actor>();
  for (const [name = '', ...words] of lines) {
    if (VERBS.has(words[0] ?? '')) continue;
    actors.set(name, readActor(name, words, actors.size));
  }
  const opinions = lines.filter(([, verb = '']) => VERBS.has(verb));
  const all = [...actors.values()];
  const speakers = all.filter(actor => !actor.down && actor.node.role !== 'stranger');
  const answers = new Map(speakers.map(speaker => [speaker, viewOf(speaker, all, opinions)]));
  const views = [...answers].filter(([{ outside }]) => !outside).map(([, view]) => view);
  const entry = views[0]?.id ?? speakers[0]?.node.id;
  if (!entry) throw new Error('a drawing needs a node that answers');
  const unreachable = all.filter(actor => actor.down && !actor.outside).map(asUnreachable);
  const applicants = new Map(all.map(actor => [actor.name, asApplicant(actor, answers.get(actor))]));
  return {
    snapshot: { entry, views, unreachable },
    census: new Map(speakers.map(({ node, options }) => [node.id, readKeys(options)])),
    applicants: [...applicants.values()],
    applicant: name => {
      const applicant = applicants.get(name);
      if (!applicant) throw new Error(`nobody is drawn as ${name}`);
      return applicant;
    },
    id: idOf,
    named: said =>
      all.reduce((s, { name, node, address, alone }) => {
        const where = node.address || alone ? formatAddress(address) : node.id;
        return s
          .replaceAll(node.id, name)
          .replaceAll(where, name)
          .replaceAll(`${node.id.slice(0, 8)}...`, name);
      }, said),
  };
}

function asUnreachable({ node, options, loading }: Actor): UnreachableNode {
  const [answers, mapLine, refuses] = ['answers', 'map', 'refuses'].map(word => options.get(word));
  return {
    id: node.id,
    ...(node.address && { address: node.address }),
    reason: 'it is drawn so',
    ...(loading && { loading }),
    ...(answers !== undefined && { replacedBy: idOf(answers) }),
    ...(mapLine !== undefined && { mapLine: mapLine.replace('>', '=') }),
    ...((refuses === 'login' || refuses === 'right') && { refused: refuses }),
  };
}

function idOf(name: string): NodeId {
  return nodeId(createHash('sha1').update(name).digest('hex'));
}

function readActor(name: string, words: readonly string[], position: number): Actor {
  const options = new Map(words.filter(w => w.includes('=')).map(w => w.split('=', 2) as [string, string]));
  const port = Number(options.get('port') ?? 7000 + position);
  const address: Address = { host: options.get('host') ?? `host-${name}`, port };
  const alone = words.includes('alone');
  return {
    name,
    address,
    node: alone
      ? withoutAddress(readNode(name, words, 0, address))
      : readNode(name, words, position + 1, address),
    down: words.includes('down') || words.includes('dead'),
    loading: words.includes('loading'),
    alone,
    outside: alone || words.includes('outside'),
    options,
  };
}

function readNode(name: string, words: readonly string[], epoch: number, address: Address): ClusterNode {
  const [role, second, third] = words;
  const given = words.find(w => w.startsWith('epoch='))?.slice(6);
  const facts = {
    id: idOf(name),
    ...(!words.includes('noaddr') && { address }),
    flags: [],
    health: 'ok',
    configEpoch: Number(given ?? epoch),
    linked: !words.includes('dead'),
  } as const;
  switch (role) {
    case 'primary':
      return {
        ...facts,
        role,
        slots: /^\d/.test(second ?? '') ? SlotSet.parse(second ?? '') : SlotSet.empty,
      };
    case 'replica':
      return { ...facts, role, ...(second === 'of' && third && { primary: idOf(third) }) };
    case 'stranger':
      return { ...facts, role, handshake: second === 'handshake' };
    default:
      throw new Error(`${name} is neither primary, replica nor stranger`);
  }
}

function viewOf(speaker: Actor, all: readonly Actor[], opinions: readonly string[][]): NodeView {
  const about = (other: Actor) =>
    opinions.filter(([who, , whom]) => who === speaker.name && whom === other.name);
  const nodes = all
    .filter(other => knows(speaker, other, about(other)))
    .map(other =>
      about(other)
        .filter(([, verb]) => verb === 'says')
        .reduce((node, [, , , ...words]) => opinionOf(other, node, words), other.node),
    );
  const { node, options, alone } = speaker;
  const [zone, keys] = [options.get('zone'), options.get('holds')];
  // Alone it owns no more than a part of the slots.
  const state = options.get('state') ?? (alone ? 'fail' : 'ok');
  return {
    id: node.id,
    address: node.address ?? (alone ? speaker.address : { host: speaker.name, port: 1 }),
    self: node,
    nodes,
    open: readOpen(options.get('open')),
    ...(state !== 'unknown' && { state: state === 'fail' ? 'fail' : 'ok' }),
    server: {
      product: options.get('product') === 'valkey' ? 'valkey' : 'redis',
      release: releaseOf(options.get('version') ?? '7.0.15'),
      databases: [0],
      version: options.get('version') ?? '7.0.15',
      replication: readReplication(speaker, all),
      ...(zone !== undefined && { zone }),
      ...(keys !== undefined && { keys: Number(keys) }),
      ...readMemory(options),
    },
  };
}

function readMemory(options: ReadonlyMap<string, string>): Pick<ServerFacts, 'usedMemoryBytes' | 'vitals'> {
  const [used, most] = (options.get('used') ?? '').split(':').map(Number);
  if (!used) return {};
  const vitals = {
    runId: '1'.repeat(40),
    uptimeSeconds: 1,
    evictedKeys: Number(options.get('evicted') ?? 0),
    expiredKeys: 0,
    ...(most !== undefined && { maxMemoryBytes: most }),
    evictionPolicy: options.get('policy') ?? 'noeviction',
    isForked: false,
  };
  return { usedMemoryBytes: used, vitals };
}

function knows(speaker: Actor, other: Actor, opinions: readonly string[][]): boolean {
  if (opinions.some(([, verb]) => verb === 'omits')) return false;
  return other === speaker || opinions.length > 0 || (!speaker.alone && !other.outside);
}

function asApplicant({ address, options }: Actor, view: NodeView | undefined): Applicant {
  if (!view) return { asked: address, ip: address.host, reason: 'it is drawn so', loading: false };
  const [functions, tls] = [options.get('functions'), options.get('tls')];
  return {
    asked: address,
    view,
    meetAt: { ip: address.host, port: address.port, busPort: address.port + USUAL_BUS_OFFSET },
    ...(functions !== undefined && { functions: readFunctions(functions) }),
    ...(tls !== undefined && { tlsBus: tls === 'yes' }),
  };
}

/** `lib1:code1,lib2:code2` */
function readFunctions(text: string): ReadonlyMap<string, string> {
  const libraries = [...text.matchAll(/(\w+):(\w+)/g)];
  return new Map(libraries.map(([, name = '', code = '']) => [name, code]));
}

function opinionOf(actor: Actor, node: ClusterNode, words: readonly string[]): ClusterNode {
  switch (words[0]) {
    case 'fail':
      return { ...node, health: 'failed' };
    case 'fail?':
      return { ...node, health: 'suspected' };
    case 'unlinked':
      return { ...node, linked: false };
    case 'at':
      return { ...node, address: { host: words[1] ?? '', port: 1 } };
    case 'noaddr':
      return withoutAddress(node);
    default:
      return readNode(actor.name, words, node.configEpoch, node.address ?? { host: actor.name, port: 1 });
  }
}

function withoutAddress({ address: _, ...node }: ClusterNode): ClusterNode {
  return node;
}

function readReplication({ node, options }: Actor, all: readonly Actor[]): Replication {
  if (node.role !== 'replica') {
    const replicas = all.flatMap(replica => listingBy(node.id, replica));
    return { role: 'primary', offset: PRIMARY_OFFSET, ...(replicas.length > 0 && { replicas }) };
  }
  const link = options.get('link') ?? 'up';
  if (link !== 'up' && link !== 'down' && link !== 'syncing') throw new Error(`a link is not ${link}`);
  const [received, total] = [options.get('received'), options.get('total')];
  return {
    role: 'replica',
    link,
    offset: PRIMARY_OFFSET - Number(options.get('behind') ?? 0),
    ...(received !== undefined && { receivedBytes: Number(received) }),
    ...(total !== undefined && { totalBytes: Number(total) }),
  };
}

function listingBy(primary: NodeId, { node, options, address }: Actor): ListedReplica[] {
  const state = options.get('listed');
  if (state === undefined || node.role !== 'replica' || node.primary !== primary) return [];
  if (state !== 'waiting' && state !== 'sending' && state !== 'online')
    throw new Error(`nobody is listed as ${state}`);
  return [{ host: address.host, port: address.port, state }];
}

/** `5>B,6<C`: slot 5 leaves for B, slot 6 comes from C. */
function readOpen(text = ''): OpenSlots {
  const migrating = new Map<Slot, NodeId>();
  const importing = new Map<Slot, NodeId>();
  for (const [, number, arrow, peer = ''] of text.matchAll(/(\d+)([<>])(\w+)/g)) {
    (arrow === '>' ? migrating : importing).set(slot(Number(number)), idOf(peer));
  }
  return { migrating, importing };
}

/** `keys=5:2`: two keys in slot 5; `hidden=3`: three more that the server does not show. */
function readKeys(options: ReadonlyMap<string, string>): NodeCensus {
  const counts = (options.get('keys') ?? '').matchAll(/(\d+):(\d+)/g);
  if (options.has('uncounted')) return { reason: 'it is drawn so' };
  return {
    bySlot: new Map([...counts].map(([, s, keys]) => [slot(Number(s)), Number(keys)])),
    hidden: Number(options.get('hidden') ?? 0),
  };
}
