/**
 * As many whole units as fit from a source to a sink, at the least cost. Costs are whole numbers from zero up; a sum
 * over a path has to stay a safe integer.
 *
 * Successive shortest paths, all paths of one length at once: each phase prices the vertices by their distance from
 * the source, after which exactly the arcs on shortest paths have a reduced cost of zero, and then saturates those arcs
 * as Dinic does. There are as many phases as there are different path costs, which in a placement are few. Nothing is
 * left to chance: among equals, the arc added first wins.
 */
class Vertex {
  readonly arcs: Arc[] = [];
  potential = 0;
  /** Of this phase, by reduced cost. */
  distance = Number.POSITIVE_INFINITY;
  /** Arcs from the source, of this round. */
  level = -1;
  /** The first arc that this round has not yet found to lead nowhere. */
  next = 0;
}

class Arc {
  readonly to: Vertex;
  readonly capacity: number;
  readonly cost: number;
  residual: number;
  /** The same arc seen from its other end; it takes units back. */
  reverse: Arc = this;

  constructor(to: Vertex, capacity: number, cost: number) {
    this.to = to;
    this.capacity = capacity;
    this.cost = cost;
    this.residual = capacity;
  }
}

export type { Vertex };

/** Whether units may pass along a shortest path. */
function isOpen(from: Vertex, arc: Arc): boolean {
  return arc.residual > 0 && arc.cost + from.potential === arc.to.potential;
}

export class FlowNetwork {
  readonly #vertices: Vertex[] = [];

  vertex(): Vertex {
    const vertex = new Vertex();
    this.#vertices.push(vertex);
    return vertex;
  }

  arc(from: Vertex, to: Vertex, capacity: number, cost = 0): void {
    if (capacity <= 0) return;
    const arc = new Arc(to, capacity, cost);
    arc.reverse = new Arc(from, 0, -cost);
    arc.reverse.reverse = arc;
    from.arcs.push(arc);
    to.arcs.push(arc.reverse);
  }

  /** Sends all that fits. To be called once per network. */
  send(source: Vertex, sink: Vertex): { units: number; cost: number } {
    let units = 0;
    let cost = 0;
    while (this.#reprice(source, sink)) {
      const sent = this.#saturate(source, sink);
      units += sent;
      cost += sent * sink.potential;
    }
    return { units, cost };
  }

  /** What went from a vertex to each of its neighbours; parallel arcs are told one by one. */
  sentFrom(vertex: Vertex): { to: Vertex; units: number }[] {
    return vertex.arcs
      .filter(arc => arc.residual < arc.capacity)
      .map(arc => ({ to: arc.to, units: arc.capacity - arc.residual }));
  }

  /** False when the sink cannot be reached any more. */
  #reprice(source: Vertex, sink: Vertex): boolean {
    this.#measure(source, sink);
    const farthest = sink.distance;
    if (farthest === Number.POSITIVE_INFINITY) return false;
    // Beyond the sink distances are unknown. Cutting all of them there keeps every reduced cost at zero or above.
    for (const vertex of this.#vertices) vertex.potential += Math.min(vertex.distance, farthest);
    if (!Number.isSafeInteger(sink.potential)) throw new RangeError('a path costs more than can be counted');
    return true;
  }

  /**
   * Dijkstra up to the sink. Different distances are few, therefore a ring of vertices for each of them in place of a
   * heap; a ring may grow while it is walked, along arcs that cost nothing.
   */
  #measure(source: Vertex, sink: Vertex): void {
    for (const vertex of this.#vertices) vertex.distance = Number.POSITIVE_INFINITY;
    source.distance = 0;
    const rings = new Map<number, Vertex[]>([[0, [source]]]);
    while (rings.size > 0) {
      const distance = Math.min(...rings.keys());
      if (distance >= sink.distance) return;
      for (const vertex of rings.get(distance) ?? []) {
        if (vertex.distance < distance) continue;
        for (const arc of vertex.arcs) {
          if (arc.residual === 0) continue;
          const reached = distance + (arc.cost + vertex.potential - arc.to.potential);
          if (reached >= arc.to.distance) continue;
          arc.to.distance = reached;
          const ring = rings.get(reached);
          if (ring) ring.push(arc.to);
          else rings.set(reached, [arc.to]);
        }
      }
      rings.delete(distance);
    }
  }

  #saturate(source: Vertex, sink: Vertex): number {
    let sent = 0;
    while (this.#rank(source, sink)) sent += block(source, sink);
    return sent;
  }

  /** Levels by the number of open arcs from the source; false when they do not lead to the sink. */
  #rank(source: Vertex, sink: Vertex): boolean {
    for (const vertex of this.#vertices) {
      vertex.level = -1;
      vertex.next = 0;
    }
    source.level = 0;
    const queue = [source];
    for (const vertex of queue) {
      for (const arc of vertex.arcs) {
        if (arc.to.level >= 0 || !isOpen(vertex, arc)) continue;
        arc.to.level = vertex.level + 1;
        if (arc.to === sink) return true;
        queue.push(arc.to);
      }
    }
    return false;
  }
}

/** Walks up the levels, sends what fits whenever the sink is reached, and steps back from dead ends for good. */
function block(source: Vertex, sink: Vertex): number {
  const path: Arc[] = [];
  let vertex = source;
  let sent = 0;
  for (;;) {
    const arc = vertex.arcs[vertex.next];
    if (vertex === sink) {
      const units = Math.min(...path.map(a => a.residual));
      for (const a of path) {
        a.residual -= units;
        a.reverse.residual += units;
      }
      sent += units;
      path.length = 0;
      vertex = source;
    } else if (arc === undefined) {
      const back = path.pop();
      if (!back) return sent;
      vertex = back.reverse.to;
      vertex.next++;
    } else if (arc.to.level === vertex.level + 1 && isOpen(vertex, arc)) {
      path.push(arc);
      vertex = arc.to;
    } else {
      vertex.next++;
    }
  }
}
