/**
 * A node that is told to forget another bans it for a minute. Redis since 7.2 and Valkey spread their bans with every
 * PING, and whoever hears of one drops the node, even a member that was met since: who joins sooner falls out again.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Note } from '../../plan/note.ts';
import { clusterNodes } from '../../resp/commands/cluster.ts';
import { forget } from '../../resp/commands/membership.ts';
import { ServerRefusalError, unlessRefused } from '../../resp/errors.ts';
import type { Fleet } from '../../resp/fleet.ts';
import { KnownLines } from '../../resp/known-lines.ts';
import type { Member } from '../../topology/agreement.ts';
import type { Address, NodeId } from '../../topology/node.ts';
import { orRefusal } from '../keys/asking-first.ts';
import type { WaitOptions } from './agreement.ts';
import { awaitArrivals } from './arrivals.ts';

/** Bans end with a whole second of the server's clock, and who has come by itself is watched for a while. */
const GRACE_MS = 8000;
/** Banned nodes knock every other second, so that in five seconds each of them does. */
const LOOK_EVERY_MS = 500;
const LOOKS = 10;
/** So many looks on end: a banned node that knocks is known for a moment, until the next PING. */
const STEADY_LOOKS = 5;

/**
 * Returns who still bans a newcomer when the time is up; nobody, as a rule. To forget a node that is banned already is
 * fine with a server, and one that it has never heard of is an error; one that it knows it would forget, and ban anew. So
 * nobody is asked about nodes that knock, as Valkey's do every other second after they were dropped: those come in by
 * themselves when the ban is over, and stay.
 */
export async function awaitUnbanned(
  fleet: Fleet,
  members: readonly Member[],
  newcomers: readonly NodeId[],
  { timeoutMs, nowMs, note }: Omit<WaitOptions, 'progress'> & { readonly note: (note: Note) => void },
): Promise<NodeId[]> {
  const hosts = members.filter(({ id }) => !newcomers.includes(id));
  await awaitArrivals(fleet, members, newcomers, nowMs);
  const dropped = await droppedSoon(fleet, hosts, newcomers);
  let bans = dropped.size > 0 ? dropped : await bansOf(fleet, hosts, newcomers);
  if (bans.size === 0) return [];
  // Once, since it may take a minute.
  note({ kind: 'awaits-end-of-ban' });
  const banned = [...new Set([...bans.values()].flat())];
  const deadline = nowMs() + timeoutMs + GRACE_MS;
  let knocks = dropped.size > 0;
  while (bans.size > 0 && nowMs() < deadline) {
    const looks = await watch(fleet, hosts, banned, LOOKS);
    knocks ||= looks.some(look => look.some(known => known.length > 0));
    bans = knocks ? unsteady(hosts, banned, looks) : await bansOf(fleet, hosts, banned);
  }
  return [...bans.keys()];
}

/** By host. */
type Bans = ReadonlyMap<NodeId, readonly NodeId[]>;

/** For each host, which of those asked about it knows. */
type KnownByHost = readonly (readonly NodeId[])[];

async function lookAround(
  fleet: Fleet,
  hosts: readonly Member[],
  ids: readonly NodeId[],
): Promise<KnownByHost> {
  const lines = new KnownLines();
  const lists = await Promise.all(
    hosts.map(({ address }) => unlessRefused(fleet.send(address, clusterNodes(lines)), 'loading')),
  );
  return lists.map(list => ids.filter(id => list?.nodes.some(node => node.id === id)));
}

/** Who has known a newcomer before anybody let it in, and then knows it no more: it had knocked, and is banned. */
async function droppedSoon(fleet: Fleet, hosts: readonly Member[], ids: readonly NodeId[]): Promise<Bans> {
  const first = await lookAround(fleet, hosts, ids);
  if (first.every(known => known.length === 0)) return new Map();
  const looks = [first, ...(await watch(fleet, hosts, ids, STEADY_LOOKS))];
  const isDropped = (host: number, id: NodeId) => {
    const comes = looks.findIndex(look => look[host]?.includes(id));
    return comes !== -1 && looks.slice(comes).some(look => !look[host]?.includes(id));
  };
  return bansWhere(isDropped, hosts, ids);
}

function bansWhere(
  isBanned: (host: number, id: NodeId) => boolean,
  hosts: readonly Member[],
  ids: readonly NodeId[],
): Bans {
  const banned = hosts.map(({ id }, i) => [id, ids.filter(one => isBanned(i, one))] as const);
  return new Map(banned.filter(([, missed]) => missed.length > 0));
}

async function watch(
  fleet: Fleet,
  hosts: readonly Member[],
  ids: readonly NodeId[],
  times: number,
): Promise<KnownByHost[]> {
  const looks: KnownByHost[] = [];
  while (looks.length < times) {
    await sleep(LOOK_EVERY_MS);
    looks.push(await lookAround(fleet, hosts, ids));
  }
  return looks;
}

/** Who has not known all of them in each of the last looks. */
function unsteady(hosts: readonly Member[], ids: readonly NodeId[], looks: readonly KnownByHost[]): Bans {
  const last = looks.slice(-STEADY_LOOKS);
  return bansWhere((host, id) => last.some(look => !look[host]?.includes(id)), hosts, ids);
}

async function bansOf(fleet: Fleet, hosts: readonly Member[], ids: readonly NodeId[]): Promise<Bans> {
  const known = await lookAround(fleet, hosts, ids);
  const bans = await Promise.all(
    hosts.map(({ address }, i) =>
      Promise.all(ids.map(id => !known[i]?.includes(id) && isBanned(fleet, address, id))),
    ),
  );
  return bansWhere((host, id) => bans[host]?.[ids.indexOf(id)] === true, hosts, ids);
}

/** Whoever may not ask, or cannot be asked now, is not held up. */
async function isBanned(fleet: Fleet, host: Address, id: NodeId): Promise<boolean> {
  return !((await orRefusal(fleet.send(host, forget(id)))) instanceof ServerRefusalError);
}
