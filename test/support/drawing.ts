/**
 * Clusters drawn as text, for scenarios and for the messages of failing tests. A line is a node or an opinion:
 *
 *   A primary 0-5460 [epoch=1] [host=h1] [version=7.2.4] [state=fail|unknown] [keys=5:2,9:1] [hidden=1|uncounted=yes] [open=5>B,6<C]
 *   a replica of A [host=h2] [link=down|syncing] [behind=20000000]
 *   B primary 5461-10922 down             does not answer us
 *   X stranger handshake                  known by name only, and never asked
 *   A says B primary 0-99                 A's view of B differs from what B says
 *   A says B fail                         … or fail?, unlinked, noaddr, at HOST
 *   A omits B                             A does not know B
 *
 * Everybody knows everybody and repeats what each says of itself, unless an opinion says otherwise.
 */
import { createHash } from 'node:crypto';
import type { Census, NodeCensus } from '../../src/topology/census.ts';
import {
  type Address,
  type ClusterNode,
  formatAddress,
  type NodeId,
  nodeId,
  type OpenSlots,
} from '../../src/topology/node.ts';
import { type Slot, SlotSet, slot } from '../../src/topology/slot-set.ts';
import type { ClusterSnapshot, NodeView, Replication } from '../../src/topology/snapshot.ts';

export interface Drawing {
  readonly snapshot: ClusterSnapshot;
  readonly census: Census;
  /** Puts the letters back where ids and addresses stand in a text. */
  named(text: string): string;
}

interface Actor {
  readonly name: string;
  readonly node: ClusterNode;
  readonly down: boolean;
  readonly options: ReadonlyMap<string, string>;
}

const PRIMARY_OFFSET = 1_000_000_000;

export function draw(text: string): Drawing {
  const lines = text
    .split('\n')
    .map(line => line.trim().split(/\s+/))
    .filter(([first]) => first);
  const actors = new Map<string, Actor>();
  for (const [name = '', ...words] of lines) {
    if (words[0] === 'says' || words[0] === 'omits') continue;
    actors.set(name, readActor(name, words, actors.size));
  }
  const opinions = lines.filter(([, verb]) => verb === 'says' || verb === 'omits');
  const all = [...actors.values()];
  const speakers = all.filter(actor => !actor.down && actor.node.role !== 'stranger');
  const views = speakers.map(speaker => viewOf(speaker, all, opinions));
  const [entry] = views;
  if (!entry) throw new Error('a drawing needs a node that answers');
  const unreachable = all
    .filter(actor => actor.down)
    .map(({ node }) => ({
      id: node.id,
      ...(node.address && { address: node.address }),
      reason: 'it is drawn so',
    }));
  return {
    snapshot: { entry: entry.id, views, unreachable },
    census: new Map(speakers.map(({ node, options }) => [node.id, readKeys(options)])),
    named: said =>
      all.reduce((s, { name, node }) => {
        const where = node.address ? formatAddress(node.address) : node.id;
        return s
          .replaceAll(node.id, name)
          .replaceAll(where, name)
          .replaceAll(`${node.id.slice(0, 8)}...`, name);
      }, said),
  };
}

function idOf(name: string): NodeId {
  return nodeId(createHash('sha1').update(name).digest('hex'));
}

function readActor(name: string, words: readonly string[], position: number): Actor {
  const options = new Map(words.filter(w => w.includes('=')).map(w => w.split('=', 2) as [string, string]));
  const address: Address = { host: options.get('host') ?? `host-${name}`, port: 7000 + position };
  return {
    name,
    node: readNode(name, words, position + 1, address),
    down: words.includes('down'),
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
    linked: true,
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
    .filter(other => !about(other).some(([, verb]) => verb === 'omits'))
    .map(other => about(other).reduce((node, [, , , ...words]) => opinionOf(other, node, words), other.node));
  const { node, options } = speaker;
  return {
    id: node.id,
    address: node.address ?? { host: speaker.name, port: 1 },
    self: node,
    nodes,
    open: readOpen(options.get('open')),
    ...(options.get('state') !== 'unknown' && { state: options.get('state') === 'fail' ? 'fail' : 'ok' }),
    server: {
      product: 'redis',
      release: { major: 7, minor: 0 },
      databases: [0],
      version: options.get('version') ?? '7.0.15',
      replication: readReplication(speaker),
    },
  };
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
    case 'noaddr': {
      const { address: _, ...rest } = node;
      return rest;
    }
    default:
      return readNode(actor.name, words, node.configEpoch, node.address ?? { host: actor.name, port: 1 });
  }
}

function readReplication({ node, options }: Actor): Replication {
  if (node.role !== 'replica') return { role: 'primary', offset: PRIMARY_OFFSET };
  const link = options.get('link') ?? 'up';
  if (link !== 'up' && link !== 'down' && link !== 'syncing') throw new Error(`a link is not ${link}`);
  return { role: 'replica', link, offset: PRIMARY_OFFSET - Number(options.get('behind') ?? 0) };
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
