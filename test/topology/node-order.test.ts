import { expect, test } from 'vitest';
import { rollCall } from '../../src/topology/node-order.ts';
import { draw } from '../support/drawing.ts';

test('the entry node first, then those that it lists, in its order, then those of whom only others know', () => {
  const { snapshot, id } = draw(`
    A primary 0-99
    B primary 100-16383
    c replica of B down
    D primary
    H stranger handshake
    A omits D
  `);
  const called = rollCall(snapshot);
  expect(called.map(node => node.id)).toEqual(['A', 'B', 'c', 'D'].map(id));
  expect(called.map(({ role }) => role)).toEqual(['primary', 'primary', 'replica', 'primary']);
  expect(called.map(({ silence }) => silence)).toEqual([undefined, undefined, 'it is drawn so', undefined]);
});

test('a node of which nobody knows the address has none, and is called all the same', () => {
  const { snapshot } = draw('A primary 0-16383\nX replica of A down noaddr');
  expect(rollCall(snapshot)[1]).toEqual({
    id: snapshot.unreachable[0]?.id,
    role: 'replica',
    silence: 'it is drawn so',
  });
});
