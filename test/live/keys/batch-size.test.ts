/** How many keys go in one MIGRATE, by how long the last ones took. */
import { expect, test } from 'vitest';
import { BatchSize } from '../../../src/live/keys/batch-size.ts';

const MAX_BLOCK_MS = 20;

test('twice as many after a full batch that took less than half of what it may', () => {
  const batch = new BatchSize(10, MAX_BLOCK_MS, 0);
  batch.took(9, 10);
  expect(batch.keys).toBe(20);
  batch.took(10, 20);
  expect(batch.keys).toBe(20);
});

test('a batch that was not full does not say that more could go', () => {
  const batch = new BatchSize(10, MAX_BLOCK_MS, 0);
  batch.took(1, 9);
  expect(batch.keys).toBe(10);
});

test('half of those that took too long, and never less than one', () => {
  const batch = new BatchSize(10, MAX_BLOCK_MS, 0);
  batch.took(21, 6);
  expect(batch.keys).toBe(3);
  for (const keys of [3, 1, 1]) batch.took(21, keys);
  expect(batch.keys).toBe(1);
});

test('what was sent before the size went down does not raise it again', () => {
  const batch = new BatchSize(10, MAX_BLOCK_MS, 0);
  batch.took(21, 4);
  batch.took(21, 10);
  expect(batch.keys).toBe(2);
});

test('the way to the server is taken off, and it is the shortest that was seen', () => {
  const batch = new BatchSize(10, MAX_BLOCK_MS, 100);
  batch.took(119, 10);
  expect(batch.keys).toBe(10);
  batch.took(109, 10);
  expect(batch.keys).toBe(20);
  batch.took(50, 1);
  batch.took(71, 20);
  expect(batch.keys).toBe(10);
});

test.each([
  [0, 1],
  [100_000, 4096],
])('begun with %d it is %d', (first, keys) => {
  expect(new BatchSize(first, MAX_BLOCK_MS, 0).keys).toBe(keys);
});

test('it does not grow beyond what is sent at most', () => {
  const batch = new BatchSize(4096, MAX_BLOCK_MS, 0);
  batch.took(1, 4096);
  expect(batch.keys).toBe(4096);
});
