/** The moves that are measured, and what is promised of each. */

import { SLOT_COUNT } from '../../src/topology/slot-set.ts';
import { installedServers, type ServerBuild } from '../../test/support/servers.ts';
import { UsageError } from '../benchmark.ts';

export type Tool = 'slotctl' | 'cli' | 'MIGRATE alone';

export interface MoveCase {
  readonly work: string;
  readonly build: ServerBuild;
  readonly primaries: number;
  /** So many own no slots at first. */
  readonly empty: number;
  /** May be a fraction: then some slots hold one key more than others. */
  readonly keysPerSlot: number;
  /** Whether only the slots that may move hold keys, or all. */
  readonly filled: 'moving' | 'all';
  readonly move: Move;
  /** Further words for the tools. */
  readonly words: Readonly<Record<'slotctl' | 'cli', readonly string[]>>;
  readonly promises: readonly Promised[];
  /** Where one run takes long. */
  readonly mostRuns?: number;
}

/** A reshard goes from the first nodes, in equal parts, to the one after them. */
export type Move =
  | { readonly kind: 'reshard'; readonly sources: number; readonly slots: number }
  | { readonly kind: 'rebalance' };

export interface Promised {
  readonly against: Exclude<Tool, 'slotctl'>;
  readonly atLeast: number;
}

export const CASES = ['pair', 'empty', 'rebalance', 'atomic'] as const;
export type CaseName = (typeof CASES)[number];

const KEYS_PER_SLOT = 61;
const CLASSIC = { slotctl: ['--mover', 'migrate'], cli: [] };
const PLAIN = { slotctl: [], cli: [] };
const VALKEY_ATOMIC = { slotctl: [], cli: ['--cluster-use-atomic-slot-migration'] };

/** The servers that can move slots by themselves are named, whatever --server says. */
export function casesOf(name: CaseName, server: ServerBuild): MoveCase[] {
  const reshard = { primaries: 3, empty: 0, keysPerSlot: KEYS_PER_SLOT, filled: 'moving' } as const;
  const rebalance = { primaries: 8, empty: 4, filled: 'all', move: { kind: 'rebalance' } } as const;
  const pair = (slots: number): Move => ({ kind: 'reshard', sources: 1, slots });
  switch (name) {
    case 'pair': {
      const promises: Promised[] = [
        { against: 'cli', atLeast: 3.5 },
        { against: 'MIGRATE alone', atLeast: 0.75 },
      ];
      const work = 'reshard 500 slots, 30.5k keys, one pair';
      return [{ ...reshard, work, build: server, move: pair(500), words: CLASSIC, promises }];
    }
    case 'empty': {
      const promises: Promised[] = [{ against: 'cli', atLeast: 8 }];
      const work = 'reshard 2000 empty slots, one pair';
      const move = pair(2000);
      return [{ ...reshard, work, build: server, keysPerSlot: 0, move, words: CLASSIC, promises }];
    }
    case 'rebalance': {
      const promises: Promised[] = [{ against: 'cli', atLeast: 6 }];
      const work = 'rebalance 4 -> 8, 500k keys (2 runs at most: the cli takes half a minute)';
      const keysPerSlot = KEYS_PER_SLOT / 2;
      return [{ ...rebalance, work, build: server, keysPerSlot, words: CLASSIC, promises, mostRuns: 2 }];
    }
    case 'atomic': {
      const [redis, valkey] = [find('redis-8.6'), find('valkey-9.1')];
      const threeToOne = { kind: 'reshard', sources: 3, slots: 3596 } as const;
      return [
        {
          ...reshard,
          work: 'reshard 2000 slots, 122k keys, Redis 8.6',
          build: redis,
          move: pair(2000),
          words: PLAIN,
          promises: [{ against: 'cli', atLeast: 15 }],
        },
        {
          ...rebalance,
          work: 'rebalance 4 -> 8, 1M keys, Valkey 9.1',
          build: valkey,
          keysPerSlot: KEYS_PER_SLOT,
          words: VALKEY_ATOMIC,
          promises: [{ against: 'cli', atLeast: 2 }],
        },
        {
          ...reshard,
          work: 'reshard 3596 of 16384 slots, 219k of 1M keys, three sources, Valkey 9.1',
          build: valkey,
          primaries: 4,
          filled: 'all',
          move: threeToOne,
          words: VALKEY_ATOMIC,
          promises: [{ against: 'cli', atLeast: 1.2 }],
        },
        {
          ...reshard,
          work: 'reshard 500 slots, 30.5k keys, Valkey 9.1',
          build: valkey,
          move: pair(500),
          words: VALKEY_ATOMIC,
          promises: [{ against: 'cli', atLeast: 0.9 }],
        },
      ];
    }
  }
}

function find(name: string): ServerBuild {
  const build = installedServers().find(installed => installed.name === name);
  if (build) return build;
  throw new UsageError(`there is no ${name} for the case 'atomic': npm run servers fetches it`);
}

/** For trying a benchmark out: less of everything. */
export function scaled(moveCase: MoveCase, percent: number): MoveCase {
  if (percent === 100) return moveCase;
  const { move, work, keysPerSlot } = moveCase;
  const common = { ...moveCase, work: `${work} (${percent} % of it)` };
  if (move.kind === 'rebalance') return { ...common, keysPerSlot: (keysPerSlot * percent) / 100 };
  return { ...common, move: { ...move, slots: Math.ceil((move.slots * percent) / 100) } };
}

export function keysInSlot({ keysPerSlot }: MoveCase, slot: number): number {
  return Math.floor((slot + 1) * keysPerSlot) - Math.floor(slot * keysPerSlot);
}

/** Who owns a slot at first, by position; the owners are the last ones, see filled-cluster.ts. */
export function firstOwner({ primaries, empty }: MoveCase, slot: number): number {
  const owners = primaries - empty;
  for (let i = 0; i < owners; i++) {
    if (slot < Math.round(((i + 1) * SLOT_COUNT) / owners)) return empty + i;
  }
  throw new RangeError(`${slot} is no slot`);
}
