import { appendFileSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { readRescueFile } from '../../../src/live/keys/read-rescue-file.ts';
import { MOST_RESCUED_BYTES, type RescuedValue, RescueFile } from '../../../src/live/keys/rescue-file.ts';
import { slotctl } from '../../support/run-slotctl.ts';
import { removeFolder, tempFolder } from '../../support/temp-folder.ts';

function somewhere(): string {
  const folder = tempFolder('rescue');
  onTestFinished(() => removeFolder(folder));
  return join(folder, 'rescue.jsonl');
}

const BINARY: RescuedValue = {
  key: Buffer.from([0, 10, 13, 255, 34]),
  database: 3,
  type: 'stream',
  ttlMs: 1234,
  payload: Buffer.from([10, 0, 200]),
  node: '127.0.0.1:7000',
  slot: 16383,
};
const PLAIN: RescuedValue = {
  key: Buffer.from('key'),
  database: 0,
  type: 'string',
  payload: Buffer.alloc(0),
  node: '[::1]:7000',
  slot: 0,
};

describe('a rescue file', () => {
  test('holds what was appended, bytes and all, for its owner only', async () => {
    const path = somewhere();
    const file = new RescueFile(path, () => 0);
    await Promise.all([file.add([BINARY]), file.add([PLAIN])]);
    await file.close();
    const time = '1970-01-01T00:00:00.000Z';
    expect(await readRescueFile(path)).toEqual([
      { ...BINARY, time },
      { ...PLAIN, time },
    ]);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const again = new RescueFile(path, () => 0);
    await again.add([PLAIN]);
    await again.close();
    expect(await readRescueFile(path)).toHaveLength(3);
  });

  test('takes no value of which it could not make one line, whoever writes it, and then no other with it', async () => {
    const path = somewhere();
    const file = new RescueFile(path, () => 0);
    const giant = { ...PLAIN, payload: Buffer.alloc(MOST_RESCUED_BYTES) };
    await expect(file.add([BINARY, giant])).rejects.toMatchObject({
      problem: { kind: 'too-big-to-rescue', node: PLAIN.node, key: '"key"', file: path },
    });
    expect(existsSync(path)).toBe(false);
    // The next one may be smaller.
    expect(file.hasFailed).toBe(false);
  });

  test('is not made where nothing gives way', async () => {
    const path = somewhere();
    await new RescueFile(path, () => 0).close();
    await expect(readRescueFile(path)).rejects.toThrow('cannot be read');
  });

  test('of which the last line was not finished tells of the others', async () => {
    const path = somewhere();
    const file = new RescueFile(path, () => 0);
    await file.add([PLAIN]);
    await file.close();
    appendFileSync(path, readFileSync(path, 'utf8').slice(0, 30));
    expect(await readRescueFile(path)).toHaveLength(1);
  });

  test('goes on after a line that a full disk has cut off', async () => {
    const path = somewhere();
    const first = new RescueFile(path, () => 0);
    await first.add([PLAIN]);
    await first.close();
    appendFileSync(path, readFileSync(path, 'utf8').slice(0, 30));
    const second = new RescueFile(path, () => 0);
    await second.add([BINARY]);
    await second.close();
    expect((await readRescueFile(path)).map(({ key }) => key)).toEqual([PLAIN.key, BINARY.key]);
  });

  test('is no device: that keeps nothing, and stays as open to others as it was', async () => {
    const { mode } = statSync('/dev/null');
    const file = new RescueFile('/dev/null', () => 0);
    await expect(file.tryOut()).rejects.toThrow('not a regular file');
    await expect(file.add([PLAIN])).rejects.toThrow('not a regular file');
    await file.close();
    expect(file.hasFailed).toBe(true);
    expect(statSync('/dev/null').mode).toBe(mode);
  });

  test('that only a plan names is a new one', async () => {
    const path = somewhere();
    const fresh = RescueFile.fresh(path, () => 0);
    await fresh.tryOut();
    // Somebody may be quicker.
    writeFileSync(path, 'precious');
    await expect(fresh.tryOut()).rejects.toThrow('it is there already, and only the plan names it');
    await expect(fresh.add([PLAIN])).rejects.toThrow('EEXIST');
    await fresh.close();
    expect(readFileSync(path, 'utf8')).toBe('precious');
    const plan = `${path}.plan`;
    const moving = { allowBlocking: false, rescueFile: path };
    const wishes = { searchOwners: true, withUnreachable: false };
    const document = { format: 'slotctl-fix', version: 2, command: 'fix', wishes, prefer: 'owner', moving };
    writeFileSync(plan, JSON.stringify({ ...document, situations: [] }));
    const words = ['apply', plan, '127.0.0.1:1', '--yes'];
    const run = await slotctl(words);
    expect(run.stderr).toContain(
      `${path} cannot be written: it is there already, and only the plan names it`,
    );
    expect(run.code).toBe(2);
    const named = await slotctl([...words, '--rescue-file', path]);
    // Consent has been given, and nobody is there to be mended.
    expect(named.stderr).toContain('nothing listens there');
    expect(readFileSync(path, 'utf8')).toBe('precious');
  });

  test('is tried out without being made', async () => {
    const path = somewhere();
    await new RescueFile(path, () => 0).tryOut();
    expect(existsSync(path)).toBe(false);
    await expect(new RescueFile('/nowhere/at/all.jsonl', () => 0).tryOut()).rejects.toThrow(
      'cannot be written',
    );
  });

  test.each([
    ['no JSON', 'hello\n', /line 1 is no rescued value: it is not JSON/],
    ['a list', '[]\n', /version is missing/],
    ['nothing of a value', '{}\n', /version is missing/],
    [
      'a key that is no base64',
      `${JSON.stringify({ version: 1, key: '\u001b[2J' })}\n`,
      /key is missing or wrong/,
    ],
    [
      'a node that moves the cursor',
      `${JSON.stringify({ version: 1, key: 'aa==', database: 0, type: 'string', payload: '', node: '\u001b[2J', slot: 1 })}\n`,
      /node is missing or wrong/,
    ],
  ])('is not %s', async (_, text, says) => {
    const path = somewhere();
    writeFileSync(path, text);
    await expect(readRescueFile(path)).rejects.toThrow(says);
  });

  test('that cannot be written ends in an error that names it, before anything is removed', async () => {
    const file = new RescueFile('/nowhere/at/all.jsonl', () => 0);
    await expect(file.add([PLAIN])).rejects.toThrow('/nowhere/at/all.jsonl cannot be written');
    await file.close();
  });
});
