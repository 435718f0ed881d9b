/**
 * A node that is told to forget another bans it for a minute. Redis since 7.2 and Valkey spread their bans with every
 * PING, and whoever hears of one drops the node, even a member that was met since: who joins sooner falls out again.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { clusterNodes } from '../resp/commands.ts';
import { ServerRefusalError } from '../resp/errors.ts';
import type { Fleet } from '../resp/fleet.ts';
import { KnownLines } from '../resp/known-lines.ts';
import { forget } from '../resp/membership-commands.ts';
import type { Member } from '../topology/agreement.ts';
import type { NodeId } from '../topology/node.ts';
import type { Patience } from './await-agreement.ts';

interface Waiting extends Omit<Patience, 'progress'> {
  /** Called once, since it may take a minute. */
  readonly note: (text: string) => void;
}

const BANNED =
  'the cluster was told less than a minute ago to forget this id, and would drop it again; waiting until that is over. (A node that is reset with CLUSTER RESET HARD has a new id, and need not wait.)';
const ASK_EVERY_MS = 500;
/** A banned node that knocks is known to everybody for a moment, until the next PING: longer than that takes. */
const QUIET_LOOKS = 5;
/** Bans end with a whole second of the server's clock. */
const ROUNDING_MS = 2000;

/** Returns who still bans a newcomer when the time is up; nobody, as a rule. */
export async function awaitUnbanned(
  fleet: Fleet,
  members: readonly Member[],
  newcomers: readonly NodeId[],
  { timeoutMs, nowMs, note }: Waiting,
): Promise<NodeId[]> {
  const hosts = members.filter(({ id }) => !newcomers.includes(id));
  const deadline = nowMs() + timeoutMs + ROUNDING_MS;
  let quiet = QUIET_LOOKS;
  let noted = false;
  for (;;) {
    const known = new KnownLines();
    const bans = await Promise.all(hosts.map(host => bansAny(fleet, host, newcomers, known)));
    const by = hosts.filter((_, index) => bans[index]).map(({ id }) => id);
    quiet = by.length === 0 ? quiet + 1 : 0;
    if (quiet > QUIET_LOOKS || nowMs() >= deadline) return by;
    if (!noted) note(BANNED);
    noted = true;
    await sleep(ASK_EVERY_MS);
  }
}

/**
 * To forget a node that is banned already is fine with a server, and one that it has never heard of is an error. One that
 * it knows it would forget; so it is asked what it knows each time: Valkey’s nodes keep knocking after they were dropped.
 */
async function bansAny(
  fleet: Fleet,
  { address }: Member,
  newcomers: readonly NodeId[],
  lines: KnownLines,
): Promise<boolean> {
  const { nodes } = await fleet.send(address, clusterNodes(lines));
  const strangers = newcomers.filter(newcomer => nodes.every(({ id }) => id !== newcomer));
  const answers = await Promise.all(
    strangers.map(async id => {
      try {
        await fleet.send(address, forget(id));
        return true;
      } catch (error) {
        // Whoever may not ask, or cannot be asked now, is not held up.
        if (error instanceof ServerRefusalError) return false;
        throw error;
      }
    }),
  );
  return answers.includes(true);
}
