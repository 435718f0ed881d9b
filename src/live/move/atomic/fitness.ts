/** Whether the servers can move these slots by themselves now. Decided from one look at both ends, before anything is begun. */
import type { Note } from '../../../plan/note.ts';
import type { MoveProblem } from '../../../plan/slots/move-problem.ts';
import type { Migration } from '../../../resp/commands/atomic-migration.ts';
import { formatAddress, type NodeId } from '../../../topology/node.ts';
import { isSince } from '../../../topology/releases.ts';
import { SlotSet } from '../../../topology/slot-set.ts';
import type { ServerFacts } from '../../../topology/snapshot.ts';
import type { BothEnds, SeenEnd } from '../both-ends.ts';
import type { Passage } from '../mover.ts';
import { isOf } from './own-migrations.ts';
import type { AtomicWay } from './product-differences.ts';

type Fit =
  /** `underWay`: it has been begun already, by a run that was killed or by somebody who wants the same. */
  | { readonly kind: 'fit'; readonly underWay?: Migration }
  /** Not this way; MIGRATE may work. */
  | { readonly kind: 'unfit'; readonly why: MoveProblem }
  /** Somebody else is at it, or was: nobody is to move these slots by any means. */
  | { readonly kind: 'taken'; readonly why: MoveProblem };

export type Fitness =
  | Fit
  /** As `otherwise` unless it changes within a moment, as things do that nodes tell each other. */
  | { readonly kind: 'not-yet'; readonly otherwise: Fit };

export interface Question {
  readonly passage: Pick<Passage, 'from' | 'to' | 'slots'>;
  readonly way: AtomicWay;
  readonly ends: BothEnds;
  readonly servers: { readonly source: ServerFacts; readonly target: ServerFacts };
  readonly isOwn: (migration: Migration) => boolean;
}

export function fitnessOf(question: Question): Fitness {
  const { passage, way, ends, servers } = question;
  const underWay = seatOf(question).migrations.find(
    migration => migration.state === 'under-way' && isOf(migration, passage),
  );
  if (underWay) return { kind: 'fit', underWay };
  const taken = otherMigration(question);
  if (taken) return { kind: 'taken', why: taken };
  const owner = otherOwner(question);
  if (owner) return owner;
  const { forbidden } = seatOf(question);
  const unfit = (why: MoveProblem): Fit => ({ kind: 'unfit', why });
  if (forbidden !== undefined)
    return unfit({ kind: 'node', node: formatAddress(way.seat(passage).address), message: forbidden });
  const { from, to } = passage;
  if (ends.notPushed)
    return unfit({ kind: 'not-let-in', at: to.address, from: from.address, ...ends.notPushed });
  const both = [
    { at: from.address, end: ends.source, server: servers.source },
    { at: to.address, end: ends.target, server: servers.target },
  ];
  for (const { at, end } of both) {
    // Of any slot: the servers want all of them closed.
    const open = SlotSet.of(...end.cluster.open.migrating.keys(), ...end.cluster.open.importing.keys());
    if (open.size > 0) return unfit({ kind: 'slots-open-already', at, slots: open });
  }
  const corrupt = both.find(({ end, server }) => (end.ioThreads ?? 1) > 1 && garblesWithThreads(server));
  if (corrupt) return unfit({ kind: 'garbles-with-threads', version: corrupt.server.version });
  const harm = harmAtTarget(question);
  if (harm) return unfit({ kind: harm, at: to.address });
  if (haveSameEpoch(question)) return { kind: 'not-yet', otherwise: unfit({ kind: 'same-epoch' }) };
  return { kind: 'fit' };
}

/** The end that migrations are begun at. */
export function seatOf({ way, passage, ends }: Pick<Question, 'way' | 'passage' | 'ends'>): SeenEnd {
  return way.seat(passage) === passage.from ? ends.source : ends.target;
}

/** A migration that is in the way of these slots, whichever way we move them; `onlyOverlap` for MIGRATE. */
export function otherMigration(
  { passage, way, ends, isOwn }: Omit<Question, 'servers'>,
  { onlyOverlap = false } = {},
): MoveProblem | undefined {
  for (const [end, member] of [
    [ends.source, passage.from],
    [ends.target, passage.to],
  ] as const) {
    const inTheWay = end.migrations.find(
      migration =>
        migration.state === 'under-way' &&
        !isOwn(migration) &&
        ((way.onePerNode && !onlyOverlap) || migration.slots.intersect(passage.slots).size > 0),
    );
    if (!inTheWay) continue;
    const { name, slots, source, target } = inTheWay;
    const [from, to] = [nameOf(source, ends), nameOf(target, ends)];
    return { kind: 'migrating-already', at: member.address, slots, from, to, name };
  }
  return undefined;
}

/** A Redis server imports from whoever owns the slots by then, whatever anybody had planned. */
function otherOwner({ passage: { from, to, slots }, ends }: Question): Fitness | undefined {
  const own = ends.source.cluster.self;
  const lost = slots.without(own.role === 'primary' ? own.slots : SlotSet.empty);
  if (lost.size > 0) {
    const owner = ownerOf(lost, ends.source) ?? ownerOf(lost, ends.target);
    const why = { kind: 'owner-changed', at: from.address, slots: lost, ...named(owner, ends) } as const;
    return { kind: 'taken', why };
  }
  const believed = ends.target.cluster.nodes.find(({ id }) => id === from.id);
  const doubted = slots.without(believed?.role === 'primary' ? believed.slots : SlotSet.empty);
  if (doubted.size === 0) return undefined;
  const why = {
    kind: 'owner-disputed',
    at: to.address,
    slots: doubted,
    ...named(ownerOf(doubted, ends.target), ends),
    claimedBy: from.address,
  } as const;
  return { kind: 'not-yet', otherwise: { kind: 'taken', why } };
}

function named(owner: NodeId | undefined, ends: BothEnds): { owner?: string } {
  return owner ? { owner: nameOf(owner, ends) } : {};
}

function ownerOf(slots: SlotSet, { cluster }: SeenEnd): NodeId | undefined {
  return cluster.nodes.find(node => node.role === 'primary' && node.slots.intersect(slots).size > 0)?.id;
}

/** Empty where a server does not say who it is. */
function nameOf(id: string, { source, target }: BothEnds): string {
  const known = [...source.cluster.nodes, ...target.cluster.nodes].find(node => node.id === id);
  return known?.address ? formatAddress(known.address) : id;
}

/**
 * A server may turn a write away that a client could send again. What a migration brings nobody sends again, and the
 * target owns the slots afterwards: Redis 8.6 has then lost the keys (Valkey lets the migration fail). Whether enough replicas are
 * there now says nothing of the next moment. A server that could not save ends itself instead (both, "Replica was unable
 * to write command to disk"). Seen on Redis 8.6.3 and Valkey 9.1.2.
 */
function harmAtTarget({ way, ends: { target } }: Question): 'cannot-save' | 'wants-replicas' | undefined {
  if (target.writes?.failedToSave) return 'cannot-save';
  return target.writes?.wantsReplicas && way.product === 'redis' ? 'wants-replicas' : undefined;
}

/** https://github.com/redis/redis/pull/14504: the target takes a new epoch that is not above the source's. */
function haveSameEpoch({ ends, servers, way }: Question): boolean {
  if (way.product !== 'redis' || isSince(servers.target, { redis: [8, 6] })) return false;
  return ends.source.cluster.self.configEpoch === ends.target.cluster.self.configEpoch;
}

/**
 * https://github.com/valkey-io/valkey/issues/4545, seen on 9.0.5, 9.1.0 and 9.1.1: the target gets `Protocol error` at best.
 * 9.1.2 and everything later is taken to have the mend; of 9.0, only what comes after 9.0.5.
 */
export function garblesWithThreads({ product, version }: Pick<ServerFacts, 'product' | 'version'>): boolean {
  const [, minor, patch] = /^9\.([01])\.(\d{1,4})/.exec(version) ?? [];
  if (product !== 'valkey' || minor === undefined) return false;
  return Number(patch) <= (minor === '0' ? 5 : 1);
}

/**
 * What does not stop a migration, and may make it fail. Only writes are kept there, not the keys: how many there will be
 * nobody knows, so the keys are the measure.
 */
export function cautionFor({ source }: BothEnds, estimatedBytes: number): Note | undefined {
  const limitBytes = source.replicaBufferBytes ?? 0;
  if (limitBytes === 0 || estimatedBytes <= limitBytes) return undefined;
  return { kind: 'small-buffer', limitBytes, estimatedBytes };
}
