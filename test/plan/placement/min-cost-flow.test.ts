import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FlowNetwork, type Vertex } from '../../../src/plan/placement/min-cost-flow.ts';

interface Pipe {
  readonly from: number;
  readonly to: number;
  readonly capacity: number;
  readonly cost: number;
}

const VERTICES = 7;
const [SOURCE, SINK] = [0, VERTICES - 1];

const vertex = fc.nat({ max: VERTICES - 1 });
const pipes = fc.array(
  fc.record({ from: vertex, to: vertex, capacity: fc.nat({ max: 4 }), cost: fc.nat({ max: 6 }) }),
  { maxLength: 24 },
);

function networkOf(list: readonly Pipe[]): { network: FlowNetwork; vertices: Vertex[] } {
  const network = new FlowNetwork();
  const vertices = Array.from({ length: VERTICES }, () => network.vertex());
  for (const { from, to, capacity, cost } of list) {
    network.arc(vertices[from] as Vertex, vertices[to] as Vertex, capacity, cost);
  }
  return { network, vertices };
}

/** Unit by unit along the cheapest path that Bellman and Ford find. */
function naive(list: readonly Pipe[]): { units: number; cost: number } {
  const arcs = list.flatMap(({ from, to, capacity, cost }, i) => [
    { from, to, left: capacity, cost, opposite: 2 * i + 1 },
    { from: to, to: from, left: 0, cost: -cost, opposite: 2 * i },
  ]);
  const total = { units: 0, cost: 0 };
  for (;;) {
    const distance = Array.from({ length: VERTICES }, (_, v) =>
      v === SOURCE ? 0 : Number.POSITIVE_INFINITY,
    );
    const via = new Map<number, (typeof arcs)[number]>();
    for (let round = 0; round < VERTICES; round++) {
      for (const arc of arcs) {
        const reached = (distance[arc.from] ?? 0) + arc.cost;
        if (arc.left === 0 || reached >= (distance[arc.to] ?? 0)) continue;
        distance[arc.to] = reached;
        via.set(arc.to, arc);
      }
    }
    if (!via.has(SINK)) return total;
    for (let arc = via.get(SINK); arc; arc = arc.from === SOURCE ? undefined : via.get(arc.from)) {
      arc.left--;
      (arcs[arc.opposite] as typeof arc).left++;
    }
    total.units++;
    total.cost += distance[SINK] ?? 0;
  }
}

describe('a flow of minimal cost', () => {
  test('takes the cheap way first, and the dear one for the rest', () => {
    const { network, vertices } = networkOf([
      { from: SOURCE, to: 1, capacity: 5, cost: 0 },
      { from: 1, to: SINK, capacity: 2, cost: 1 },
      { from: 1, to: SINK, capacity: 9, cost: 10 },
    ]);
    const [source, middle] = vertices;
    const sink = vertices.at(-1);
    expect(network.send(source as Vertex, sink as Vertex)).toEqual({ units: 5, cost: 32 });
    expect(network.sentFrom(middle as Vertex).map(({ units }) => units)).toEqual([2, 3]);
  });

  test('gives way again where another would have to go farther', () => {
    const { network, vertices } = networkOf([
      { from: SOURCE, to: 1, capacity: 1, cost: 0 },
      { from: SOURCE, to: 2, capacity: 1, cost: 1 },
      { from: 1, to: 3, capacity: 1, cost: 0 },
      { from: 1, to: 4, capacity: 1, cost: 2 },
      { from: 2, to: 3, capacity: 1, cost: 0 },
      { from: 3, to: SINK, capacity: 1, cost: 0 },
      { from: 4, to: SINK, capacity: 1, cost: 0 },
    ]);
    expect(network.send(vertices[0] as Vertex, vertices.at(-1) as Vertex)).toEqual({ units: 2, cost: 3 });
  });

  test('sends as much as a naive solver, at the same cost', () => {
    fc.assert(
      fc.property(pipes, list => {
        const { network, vertices } = networkOf(list);
        expect(network.send(vertices[SOURCE] as Vertex, vertices[SINK] as Vertex)).toEqual(naive(list));
      }),
      { numRuns: 1000 },
    );
  });

  test('loses nothing on the way', () => {
    fc.assert(
      fc.property(pipes, list => {
        const { network, vertices } = networkOf(list);
        const { units } = network.send(vertices[SOURCE] as Vertex, vertices[SINK] as Vertex);
        const balance = new Map<Vertex | undefined, number>();
        for (const from of vertices) {
          for (const sent of network.sentFrom(from)) {
            balance.set(from, (balance.get(from) ?? 0) - sent.units);
            balance.set(sent.to, (balance.get(sent.to) ?? 0) + sent.units);
          }
        }
        expect(vertices.map(v => balance.get(v) || 0)).toEqual(
          vertices.map((_, v) => (v === SOURCE ? -units || 0 : v === SINK ? units : 0)),
        );
      }),
    );
  });

  test('handles a thousand vertices and a quarter of a million arcs', () => {
    const network = new FlowNetwork();
    const [source, sink] = [network.vertex(), network.vertex()];
    const left = Array.from({ length: 500 }, () => network.vertex());
    const right = Array.from({ length: 500 }, () => network.vertex());
    for (const from of left) network.arc(source, from, 1);
    for (const to of right) network.arc(to, sink, 1);
    // The i-th to the i-th costs nothing, among others.
    left.forEach((from, i) => {
      right.forEach((to, k) => {
        network.arc(from, to, 1, (i - k) ** 2 % 7);
      });
    });
    expect(network.send(source, sink)).toEqual({ units: 500, cost: 0 });
  });
});
