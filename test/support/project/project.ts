/**
 * A plan carried out on paper: the cluster as it will be when every step is done, so that planners can be judged by
 * `diagnose`, which knows nothing of them. Nothing happens but what the steps say: nobody fails
 * meanwhile, and replicas have all data.
 */

import type { Plan, Step } from '../../../src/plan/step.ts';
import type { ClusterNode, MeetingPoint, NodeId } from '../../../src/topology/node.ts';
import { SLOT_COUNT, SlotSet } from '../../../src/topology/slot-set.ts';
import { type ClusterSnapshot, campsOf, type NodeView } from '../../../src/topology/snapshot.ts';
import { afterFailover } from './failover.ts';
import { afterMending } from './fix.ts';
import { factsOf, owning, saying, withoutOpen } from './view-changes.ts';

type Views = readonly NodeView[];

export function project({ before, stages }: Plan): ClusterSnapshot {
  const views = sharingLists(stages.flat().reduce(after, before.views));
  const named = new Set(campsOf(views).flatMap(({ nodes }) => nodes.map(({ id }) => id)));
  const [first] = views;
  return {
    entry: first && !views.some(({ id }) => id === before.entry) ? first.id : before.entry,
    views,
    unreachable: before.unreachable.filter(({ id }) => named.has(id)),
  };
}

function after(views: Views, step: Step): Views {
  const at = (ids: readonly NodeId[], change: (view: NodeView) => NodeView) =>
    views.map(view => (ids.includes(view.id) ? change(view) : view));
  switch (step.kind) {
    case 'set-epoch':
      return at([step.node], view => saying(view, { ...view.self, configEpoch: step.epoch }));
    case 'assign-slots':
      return at([step.node], view => owning(view, own => own.union(step.slots)));
    case 'copy-functions':
      // No view tells of functions.
      return views;
    case 'join': {
      const places = new Map(step.members.map(({ id, meetAt }) => [id, meetAt]));
      const placed = views.map(view => metAt(view, places.get(view.id)));
      return tellEachOther(placed, [...places.keys()], step.newcomers);
    }
    case 'replicate': {
      const primary = views.find(({ id }) => id === step.primary);
      return primary ? at([step.node], view => replicating(view, primary)) : views;
    }
    case 'agree':
      return agreed(views, step);
    case 'forget':
      return at([step.node], view => without(view, [step.victim]));
    case 'stay-forgotten':
      return at(step.witnesses, view => without(view, step.victims));
    case 'move-slots':
      return moved(views, step);
    case 'close-slots':
      return at([step.node], view => ({ ...view, open: withoutOpen(view.open, step.slots) }));
    case 'stay-alone':
      return [...views];
    case 'reset':
      return at([step.node], view => afterReset(view, step.mode));
    case 'shutdown':
      return views.filter(({ id }) => id !== step.node);
    case 'be-ready':
    case 'fail-over':
      return afterFailover(views, step);
    default:
      return afterMending(views, step);
  }
}

/** The marks of the move are gone at both ends, and the target has a newer epoch if it needs one. */
function moved(views: Views, { from, to, slots }: Extract<Step, { kind: 'move-slots' }>): Views {
  return views.map(view => {
    const isTarget = view.id === to;
    if (!isTarget && view.id !== from) return view;
    const open = withoutOpen(view.open, slots);
    return owning({ ...view, open }, own => (isTarget ? own.union(slots) : own.without(slots)));
  });
}

/** With the keys of its primary and its epoch, which is shown for a replica whatever its own is. */
function replicating(view: NodeView, { id, self, server }: NodeView): NodeView {
  const { databases, keys, replication } = server;
  const facts = { ...factsOf(view.self), configEpoch: self.configEpoch, flags: ['slave'] };
  return {
    ...saying(view, { ...facts, role: 'replica', primary: id }),
    server: {
      ...view.server,
      databases,
      ...(keys !== undefined && { keys }),
      replication: { role: 'replica', link: 'up', offset: replication.offset },
    },
  };
}

/** In reality a hard reset gives the node a new id too, which nobody knows before. */
function afterReset(view: NodeView, mode: 'soft' | 'hard'): NodeView {
  const facts = { ...factsOf(view.self), flags: ['master'], ...(mode === 'hard' && { configEpoch: 0 }) };
  const self: ClusterNode = { ...facts, role: 'primary', slots: SlotSet.empty };
  const { keys, replication } = view.server;
  return {
    ...view,
    self,
    nodes: [self],
    open: { migrating: new Map(), importing: new Map() },
    ...(view.state && { state: 'fail' }),
    server: {
      ...view.server,
      databases: [],
      ...(keys !== undefined && { keys: 0 }),
      replication: { role: 'primary', offset: replication.offset },
    },
  };
}

/** Never itself: after a hard reset the victim of that name is somebody else. */
function without(view: NodeView, victims: readonly NodeId[]): NodeView {
  return { ...view, nodes: view.nodes.filter(({ id }) => id === view.id || !victims.includes(id)) };
}

/** A node learns where it is from whoever meets it. */
function metAt(view: NodeView, place: MeetingPoint | undefined): NodeView {
  if (view.self.address || !place) return view;
  const { ip: host, port, busPort } = place;
  return saying(view, { ...view.self, address: { host, port, busPort } });
}

function agreed(views: Views, { members, concerned, wantsOk }: Extract<Step, { kind: 'agree' }>): Views {
  const ids = members.map(({ id }) => id);
  const owned = SlotSet.union(views.flatMap(({ self }) => (self.role === 'primary' ? [self.slots] : [])));
  // Where it is not asked for, those concerned are as well as the others.
  const others = views.filter(({ id }) => ids.includes(id) && !concerned.includes(id));
  const well = owned.size === SLOT_COUNT && (wantsOk || others.every(({ state }) => state !== 'fail'));
  return tellEachOther(views, ids, concerned).map(view => ({
    ...view,
    ...(well && view.state && ids.includes(view.id) && { state: 'ok' }),
    ...(concerned.includes(view.id) && { server: gettingData(view.server) }),
  }));
}

function gettingData(server: NodeView['server']): NodeView['server'] {
  const { role, offset } = server.replication;
  return role === 'primary' ? server : { ...server, replication: { role, link: 'up', offset } };
}

/** Those concerned hear from all members, and all members from those concerned. */
function tellEachOther(views: Views, members: readonly NodeId[], concerned: readonly NodeId[]): Views {
  const all = new Map(views.flatMap(({ id, self }) => (members.includes(id) ? [[id, self]] : [])));
  const news = new Map([...all].filter(([id]) => concerned.includes(id)));
  return views.map(view => {
    if (!all.has(view.id)) return view;
    return { ...view, nodes: informed(view.nodes, news.has(view.id) ? all : news) };
  });
}

/**
 * Whoever hears of an owner takes the slots from whom they belonged to so far. By then handshakes have come to an end
 * too, one way or the other.
 */
function informed(nodes: readonly ClusterNode[], facts: ReadonlyMap<NodeId, ClusterNode>): ClusterNode[] {
  const taken = SlotSet.union([...facts.values()].flatMap(n => (n.role === 'primary' ? [n.slots] : [])));
  const others = nodes
    .filter(node => !facts.has(node.id) && (node.role !== 'stranger' || !node.handshake))
    .map(node =>
      node.role === 'primary' && node.slots.intersect(taken).size > 0
        ? { ...node, slots: node.slots.without(taken) }
        : node,
    );
  return [...others, ...facts.values()];
}

/** Views that say the same share one list, as they do when they are read from servers. */
function sharingLists(views: Views): NodeView[] {
  const lists: Views[number]['nodes'][] = [];
  return views.map(view => {
    const { length } = view.nodes;
    const same = lists.find(list => list.length === length && list.every((n, i) => n === view.nodes[i]));
    if (!same) lists.push(view.nodes);
    return same ? { ...view, nodes: same } : view;
  });
}
