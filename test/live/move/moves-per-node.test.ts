/** How much a node does at a time, and who waits for whom. */
import { expect, test } from 'vitest';
import { Gates } from '../../../src/live/move/moves-per-node.ts';
import { nodeId } from '../../../src/topology/node.ts';

const [a, b, c] = ['a', 'b', 'c'].map(letter => nodeId(letter.repeat(40))) as [
  ReturnType<typeof nodeId>,
  ReturnType<typeof nodeId>,
  ReturnType<typeof nodeId>,
];

/** Work that is under way until it is told to end. */
function work(gates: Gates, begun: string[]) {
  return (name: string, ...nodes: readonly ReturnType<typeof nodeId>[]) => {
    let end = (_?: Error) => {};
    const done = gates.pass(
      nodes,
      () =>
        new Promise<void>((resolve, reject) => {
          begun.push(name);
          end = error => (error ? reject(error) : resolve());
        }),
    );
    return { done, end: (error?: Error) => end(error) };
  };
}

/** Until all that could begin has begun. */
const aTurn = () => new Promise<void>(resolve => setImmediate(resolve));

test('one that has room does not wait for one before it that has none', async () => {
  const begun: string[] = [];
  const begin = work(new Gates(1), begun);
  const first = begin('a to b', a, b);
  begin('a to c', a, c);
  begin('c alone', c);
  await aTurn();
  expect(begun).toEqual(['a to b', 'c alone']);
  first.end();
  await first.done;
  await aTurn();
  expect(begun).toEqual(['a to b', 'c alone']);
});

test('who waits begins when both its ends have room, in the order in which they came', async () => {
  const begun: string[] = [];
  const begin = work(new Gates(2), begun);
  const running = ['1', '2', '3', '4'].map(name => begin(name, a, b));
  await aTurn();
  expect(begun).toEqual(['1', '2']);
  running[0]?.end();
  await aTurn();
  expect(begun).toEqual(['1', '2', '3']);
});

test('work that fails makes room, too', async () => {
  const begun: string[] = [];
  const begin = work(new Gates(1), begun);
  const first = begin('1', a);
  begin('2', a);
  await aTurn();
  first.end(new Error('it broke'));
  await expect(first.done).rejects.toThrow('it broke');
  await aTurn();
  expect(begun).toEqual(['1', '2']);
});
