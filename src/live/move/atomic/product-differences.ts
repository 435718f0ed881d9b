/** What the two products do differently when they move slots by themselves. */

import type { Command } from '../../../resp/command.ts';
import {
  cancelAllExports,
  cancelTask,
  exportSlots,
  importSlots,
  type Migration,
  migrationJobs,
  migrationTask,
  migrationTasks,
} from '../../../resp/commands/atomic-migration.ts';
import type { Lane } from '../../../resp/fleet.ts';
import type { Member } from '../../../topology/agreement.ts';
import { ATOMIC_MIGRATION, isSince } from '../../../topology/releases.ts';
import type { ServerFacts } from '../../../topology/snapshot.ts';
import type { Passage } from '../mover.ts';
import { cancelExports, type Order } from './cancel-exports.ts';

export interface AtomicWay {
  readonly product: ServerFacts['product'];
  /** The end that migrations are begun at, asked about and called off … */
  seat(passage: Pick<Passage, 'from' | 'to'>): Member;
  /** … and the other one. */
  farEnd(passage: Pick<Passage, 'from' | 'to'>): Member;
  begin(passage: Pick<Passage, 'to' | 'slots'>): Command<unknown>;
  list(): Command<Migration[]>;
  ask(name: string): Command<Migration | undefined>;
  cancel(name: string): Command<unknown>;
  callOff(name: string, line: Pick<Lane, 'send'>): Promise<Order>;
  /** Cancelling one cancels all that leave the node. */
  readonly cancelsAll: boolean;
  /** A node takes part in one migration at a time, and turns others away. */
  readonly onePerNode: boolean;
  /** Servers log in at each other as whom they are told to, and may do there what that user may; without it, everything. */
  readonly pushesAs?: 'primaryuser';
  /** Functions go along with the slots. */
  readonly bringsFunctions: boolean;
  /** Of a stream, entries that wait to be acknowledged and whose messages were deleted. */
  readonly dropsDeletedPending: boolean;
}

/** A failed import is begun anew every second and without end, until somebody cancels it. */
const redis: AtomicWay = {
  product: 'redis',
  seat: ({ to }) => to,
  farEnd: ({ from }) => from,
  // In merged ranges: adjacent ones have made servers trim the source while it was blocked.
  begin: ({ slots }) => importSlots(slots),
  list: migrationTasks,
  ask: migrationTask,
  cancel: cancelTask,
  async callOff(name, line) {
    await line.send(cancelTask(name));
    return 'given';
  },
  cancelsAll: false,
  onePerNode: true,
  bringsFunctions: true,
  dropsDeletedPending: false,
};

const valkey: AtomicWay = {
  product: 'valkey',
  seat: ({ from }) => from,
  farEnd: ({ to }) => to,
  begin: ({ to, slots }) => exportSlots(slots, to.id),
  list: migrationJobs,
  ask(name) {
    const { args, decode } = migrationJobs();
    return { args, decode: reply => decode(reply).find(job => job.name === name) };
  },
  cancel: cancelAllExports,
  callOff: (_, line) => cancelExports(line),
  cancelsAll: true,
  onePerNode: false,
  pushesAs: 'primaryuser',
  bringsFunctions: false,
  dropsDeletedPending: true,
};

/** Undefined where one of the two does not know how, or they are of different kinds. */
export function atomicWay(from: ServerFacts, to: ServerFacts): AtomicWay | undefined {
  if (from.product !== to.product || ![from, to].every(end => isSince(end, ATOMIC_MIGRATION)))
    return undefined;
  return from.product === 'redis' ? redis : valkey;
}
