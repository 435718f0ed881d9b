/** What holds of every diagnosis, whatever the cluster. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { describeFinding } from '../../src/report/text/finding.ts';
import { NodeNames } from '../../src/report/text/names.ts';
import { diagnose } from '../../src/topology/diagnose.ts';
import type { ClusterSnapshot } from '../../src/topology/snapshot.ts';
import { draw } from '../support/drawing.ts';

const OPTIONS = { minReplicas: 0, maxReplicaLagBytes: 1_000_000 };

const healthy = fc
  .tuple(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 0, max: 3 }))
  .map(([primaries, replicas]) => {
    const border = (n: number) => Math.round((n * 16384) / primaries);
    const shards = Array.from({ length: primaries }, (_, i) => [
      `P${i} primary ${border(i)}-${border(i + 1) - 1}`,
      ...Array.from({ length: replicas }, (_, j) => `R${i}x${j} replica of P${i}`),
    ]);
    return shards.flat().join('\n');
  });

const NAMES = ['A', 'B', 'C', 'd', 'e'];
const name = fc.constantFrom(...NAMES);
const range = fc
  .tuple(fc.nat({ max: 16383 }), fc.nat({ max: 16383 }))
  .map(([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`);
const role = fc.oneof(
  range.map(slots => `primary ${slots}`),
  fc.constantFrom('primary', 'replica', 'stranger handshake', 'stranger'),
  name.map(primary => `replica of ${primary}`),
);
const extras = fc.subarray([
  'down',
  'state=fail',
  'link=down',
  'host=h1',
  'epoch=3',
  'noaddr',
  'open=5>B,9<C',
  'keys=7:3',
]);
const opinion = fc.oneof(
  fc.tuple(name, name).map(([a, b]) => `${a} omits ${b}`),
  fc
    .tuple(name, name, fc.oneof(role, fc.constantFrom('fail', 'fail?', 'unlinked', 'noaddr')))
    .map(words => `${words[0]} says ${words[1]} ${words[2]}`),
);
/** A cluster about which anything may be said; the first node always answers. */
const damaged = fc
  .tuple(
    fc.array(fc.tuple(role, extras), { minLength: 4, maxLength: 4 }),
    fc.array(opinion, { maxLength: 6 }),
  )
  .map(([nodes, opinions]) =>
    [
      'A primary 0-5460',
      ...nodes.map(([what, more], i) => `${NAMES[i + 1]} ${what} ${more.join(' ')}`),
      ...opinions.filter(line => !/^A omits A|^(\w) says \1\b/.test(line)),
    ].join('\n'),
  );

/** The same cluster, asked through another of its nodes. */
function through(snapshot: ClusterSnapshot, position: number): ClusterSnapshot {
  const views = [...snapshot.views.slice(position), ...snapshot.views.slice(0, position)];
  return { ...snapshot, entry: views[0]?.id ?? snapshot.entry, views };
}

describe('a diagnosis', () => {
  test('of a healthy cluster is empty', () => {
    fc.assert(
      fc.property(healthy, drawing => {
        expect(diagnose(draw(drawing).snapshot, OPTIONS)).toEqual([]);
      }),
    );
  });

  test('is the same to the letter whichever node was asked first', () => {
    fc.assert(
      fc.property(damaged, fc.nat({ max: 4 }), (drawing, position) => {
        const { snapshot } = draw(drawing);
        const names = new NodeNames(snapshot);
        const told = (s: ClusterSnapshot) =>
          diagnose(s, OPTIONS).map(f => `${f.severity} ${f.slots} ${f.nodes} ${describeFinding(f, names)}`);
        expect(told(through(snapshot, position % snapshot.views.length))).toEqual(told(snapshot));
      }),
    );
  });

  test('never fails, is sorted with the worst first, and has a sentence for everything', () => {
    fc.assert(
      fc.property(damaged, drawing => {
        const { snapshot, census } = draw(drawing);
        const findings = diagnose(snapshot, { ...OPTIONS, minReplicas: 1, census });
        const severities = findings.map(f => f.severity);
        expect(severities).toEqual([...severities].sort());
        const names = new NodeNames(snapshot);
        for (const finding of findings) expect(describeFinding(finding, names)).toMatch(/^\S.*\S\.$/);
      }),
    );
  });
});
