/** Healthy clusters of many shapes, as drawings: primaries are P0, P1, …, and P0x1 is a replica of P0. */
import fc from 'fast-check';
import { SLOT_COUNT } from '../../src/topology/slot-set.ts';

/** Some primaries may be without slots, hosts may be shared, and some clusters have zones. */
export const anyHealthy: fc.Arbitrary<string> = fc
  .record({
    owners: fc.integer({ min: 1, max: 5 }),
    empty: fc.integer({ min: 0, max: 2 }),
    replicas: fc.array(fc.nat({ max: 3 }), { minLength: 7, maxLength: 7 }),
    hosts: fc.integer({ min: 1, max: 6 }),
    zones: fc.nat({ max: 3 }),
    seed: fc.nat({ max: 9 }),
  })
  .map(({ owners, empty, replicas, hosts, zones, seed }) => {
    const border = (n: number) => Math.round((n * SLOT_COUNT) / owners);
    const primaries = Array.from({ length: owners + empty }, (_, i) => ({
      name: `P${i}`,
      slots: i < owners ? `${border(i)}-${border(i + 1) - 1}` : '',
    }));
    const nodes = primaries.flatMap(({ name, slots }, i) => [
      `${name} primary ${slots}`,
      ...Array.from({ length: replicas[i] ?? 0 }, (_, j) => `${name}x${j} replica of ${name} epoch=${i + 1}`),
    ]);
    return nodes
      .map((line, i) => {
        const host = (i * (seed + 1)) % hosts;
        return `${line} host=h${host}${zones > 0 ? ` zone=z${host % zones}` : ''}`;
      })
      .join('\n');
  });
