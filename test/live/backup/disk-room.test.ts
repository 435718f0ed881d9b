/** Files of a backup together may be so large, and no larger. */
import { expect, test } from 'vitest';
import { DiskRoom } from '../../../src/live/backup/disk-room.ts';
import { NotSavedError } from '../../../src/live/backup/not-saved-error.ts';

test('all nodes together are counted, and what is announced before it comes', async () => {
  const room = await DiskRoom.in('.', 100);
  room.expect(100);
  room.take(60);
  expect(() => room.expect(41)).toThrow(NotSavedError);
  room.take(40);
  const problem = { kind: 'too-much', folder: '.', mostBytes: 100, isAllowed: true };
  expect(() => room.take(1)).toThrow(expect.objectContaining({ problem }));
});

test('without a limit there is what is free, less a share that others need', async () => {
  const room = await DiskRoom.in('.', undefined);
  room.expect(1);
  const problem = expect.objectContaining({ kind: 'too-much', isAllowed: false });
  expect(() => room.expect(2 ** 60)).toThrow(expect.objectContaining({ problem }));
});

test('a folder that is not there is named', async () => {
  await expect(DiskRoom.in('/nowhere/at/all', undefined)).rejects.toThrow(
    '/nowhere/at/all cannot be written to',
  );
});
