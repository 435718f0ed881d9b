import { describe, expect, test } from 'vitest';
import { findNode } from '../../src/topology/find-node.ts';
import type { Address } from '../../src/topology/node.ts';
import type { ClusterSnapshot } from '../../src/topology/snapshot.ts';
import { draw } from '../support/drawing.ts';

const { snapshot, id } = draw(`
  A primary 0-16383 host=10.0.0.1
  b replica of A host=::1
  c replica of A host=10.0.0.3 down
  X stranger handshake
`);
const [A, b, c, X] = ['A', 'b', 'c', 'X'].map(id);

/** The same cluster, in which A answers somewhere else, or announces something else. */
function withA(changes: { readonly answersAt?: Address; readonly announces?: Address }): ClusterSnapshot {
  const { answersAt, announces } = changes;
  return {
    ...snapshot,
    views: snapshot.views.map(view =>
      view.id === A
        ? {
            ...view,
            ...(answersAt && { address: answersAt }),
            ...(announces && { self: { ...view.self, address: announces } }),
          }
        : view,
    ),
  };
}

describe('a node is found', () => {
  test('by its id, in capitals too, whether it answers or not', () => {
    expect(findNode(snapshot, `${A}`)).toEqual({ kind: 'found', id: A });
    expect(findNode(snapshot, `${c}`.toUpperCase())).toEqual({ kind: 'found', id: c });
    expect(findNode(snapshot, `${X}`)).toEqual({ kind: 'found', id: X });
  });

  test('by the beginning of its id, if no other begins so', () => {
    expect(findNode(snapshot, `${A}`.slice(0, 8))).toEqual({ kind: 'found', id: A });
    expect(findNode(snapshot, `${b}`.slice(0, 39).toUpperCase())).toEqual({ kind: 'found', id: b });
  });

  test('by its address, with or without brackets', () => {
    expect(findNode(snapshot, '10.0.0.1:7000')).toEqual({ kind: 'found', id: A });
    expect(findNode(snapshot, '[::1]:7001')).toEqual({ kind: 'found', id: b });
    expect(findNode(snapshot, '::1:7001')).toEqual({ kind: 'found', id: b });
    expect(findNode(snapshot, '10.0.0.3:7002')).toEqual({ kind: 'found', id: c });
  });

  test('by where it answers, by what it announces, and by its name', () => {
    const seen = withA({
      answersAt: { host: 'localhost', port: 17000 },
      announces: { host: '10.0.0.1', port: 7000, hostname: 'cache-1.example' },
    });
    for (const word of ['localhost:17000', '10.0.0.1:7000', 'cache-1.example:7000']) {
      expect(findNode(seen, word)).toEqual({ kind: 'found', id: A });
    }
  });

  test('by where an address map has it, but not where somebody else answers there', () => {
    const reachedAt = { host: 'bastion', port: 7001 };
    const views = snapshot.views.map(view => (view.id === A ? { ...view, reachedAt } : view));
    expect(findNode({ ...snapshot, views }, 'bastion:7001')).toEqual({ kind: 'found', id: A });
    const unreachable = snapshot.unreachable.map(node => ({ ...node, reachedAt }));
    expect(findNode({ ...snapshot, unreachable }, 'bastion:7001')).toEqual({ kind: 'found', id: c });
    const both = { ...snapshot, views, unreachable };
    expect(findNode(both, 'bastion:7001')).toMatchObject({ kind: 'ambiguous' });
    const replaced = unreachable.map(node => ({ ...node, ...(A && { replacedBy: A }) }));
    expect(findNode({ ...both, unreachable: replaced }, 'bastion:7001')).toEqual({ kind: 'found', id: A });
  });

  test('by the path of its socket', () => {
    const seen = withA({ answersAt: { host: '/run/redis.sock', port: 0 } });
    expect(findNode(seen, '/run/redis.sock')).toEqual({ kind: 'found', id: A });
  });
});

describe('nobody is found', () => {
  test.each([
    '',
    'z'.repeat(40),
    '0'.repeat(40),
    '10.0.0.1',
    '10.0.0.1:7001',
    '7000',
    ':7000',
    'A'.repeat(41),
  ])('by %j', word => {
    expect(findNode(snapshot, word)).toEqual({ kind: 'none' });
  });
});

describe('it is not clear who is meant', () => {
  test('by the beginning of several ids', () => {
    const many = draw(Array.from({ length: 17 }, (_, i) => `n${i} primary`).join('\n')).snapshot;
    const digits = many.views.map(view => view.id.slice(0, 1));
    const digit = digits.find((first, i) => digits.indexOf(first) !== i) ?? '';
    const matches = many.views.map(view => view.id).filter(other => other.startsWith(digit));
    expect(findNode(many, digit)).toEqual({ kind: 'ambiguous', matches: matches.sort() });
  });

  test('by an address that two have: one may be the ghost of a node that came back under another id', () => {
    const seen = withA({ announces: { host: '10.0.0.3', port: 7002 } });
    expect(findNode(seen, '10.0.0.3:7002')).toEqual({ kind: 'ambiguous', matches: [A, c].sort() });
  });
});
