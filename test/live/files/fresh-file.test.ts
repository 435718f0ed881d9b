/** Files in places where others may have laid something in our way: links, files of theirs, names that they guessed. */
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { lchown } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { freshName } from '../../../src/live/files/fresh-file.ts';
import { saveFile, saveFreshFile } from '../../../src/live/files/whole-file.ts';
import { type RescuedValue, RescueFile } from '../../../src/live/keys/rescue-file.ts';
import { removeFolder, tempFolder } from '../../support/temp-folder.ts';

const VALUE: RescuedValue = {
  key: Buffer.from('key'),
  database: 0,
  type: 'string',
  payload: Buffer.from('payload'),
  node: '127.0.0.1:7000',
  slot: 0,
};
const NOBODY = 65_534;
const isRoot = process.geteuid?.() === 0;

let own: string;
/** As /tmp is. */
let everybodys: string;
let precious: string;

beforeEach(() => {
  own = tempFolder('files');
  onTestFinished(() => removeFolder(own));
  everybodys = join(own, 'tmp');
  mkdirSync(everybodys);
  chmodSync(everybodys, 0o1777);
  precious = join(own, 'precious');
  writeFileSync(precious, 'precious');
});

function expectUntouched(): void {
  expect(readFileSync(precious, 'utf8')).toBe('precious');
  expect(readdirSync(own).sort()).toEqual(['precious', 'tmp']);
}

async function rescueTo(path: string): Promise<void> {
  const file = new RescueFile(path, () => 0);
  try {
    await file.add([VALUE]);
  } finally {
    await file.close();
  }
}

const writers: readonly [string, (path: string) => Promise<void>][] = [
  ['what --output and --plan-out write', path => saveFile(path, 'new')],
  ['a rescue file', rescueTo],
  ['a rescue file that is tried out', path => new RescueFile(path, () => 0).tryOut()],
];

describe.each(writers)('%s, in a folder of everybody', (_, write) => {
  test.each(['precious', 'nothing'])('does not go through a link to %s', async target => {
    const link = join(everybodys, 'out');
    symlinkSync(join(own, target), link);
    await expect(write(link)).rejects.toThrow(/link/);
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
    expect(existsSync(join(own, 'nothing'))).toBe(false);
    expectUntouched();
  });

  test('does not go through a chain of links', async () => {
    symlinkSync('second', join(everybodys, 'out'));
    symlinkSync('../precious', join(everybodys, 'second'));
    await expect(write(join(everybodys, 'out'))).rejects.toThrow(/link/);
    expectUntouched();
  });

  test.runIf(isRoot)('does not go through a folder that is a link of somebody else', async () => {
    symlinkSync(own, join(everybodys, 'folder'));
    await lchown(join(everybodys, 'folder'), NOBODY, NOBODY);
    await expect(write(join(everybodys, 'folder', 'precious'))).rejects.toThrow(/link/);
    expectUntouched();
  });

  test.runIf(isRoot)('does not touch a file of somebody else', async () => {
    const file = join(everybodys, 'out');
    writeFileSync(file, 'theirs', { mode: 0o666 });
    chownSync(file, NOBODY, NOBODY);
    await expect(write(file)).rejects.toThrow('it belongs to another user');
    expect(readFileSync(file, 'utf8')).toBe('theirs');
    expect(statSync(file).uid).toBe(NOBODY);
  });

  test('goes through a folder that is a link of our own', async () => {
    mkdirSync(join(everybodys, 'real'));
    symlinkSync('real', join(everybodys, 'folder'));
    await write(join(everybodys, 'folder', 'out'));
    expect(readdirSync(join(everybodys, 'real')).every(name => name === 'out')).toBe(true);
  });
});

describe('--output and --plan-out', () => {
  test('replace a file that has several names, and leave the others as they are', async () => {
    linkSync(precious, join(everybodys, 'out'));
    await saveFile(join(everybodys, 'out'), 'new');
    expect(readFileSync(join(everybodys, 'out'), 'utf8')).toBe('new');
    expectUntouched();
  });

  test('do not write into a draft that somebody has laid ready', async () => {
    for (const name of [`.out.${process.pid}.tmp`, '.out.tmp']) symlinkSync(precious, join(everybodys, name));
    await saveFile(join(everybodys, 'out'), 'new');
    expect(readFileSync(join(everybodys, 'out'), 'utf8')).toBe('new');
    expect(lstatSync(join(everybodys, 'out')).isFile()).toBe(true);
    expectUntouched();
  });

  test('in a folder of our own a link is followed as ever', async () => {
    const link = join(own, 'link');
    symlinkSync(precious, link);
    await saveFile(link, 'new');
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
    expect(readFileSync(precious, 'utf8')).toBe('new');
  });

  test('links that lead in a circle end as an error', async () => {
    symlinkSync('b', join(own, 'a'));
    symlinkSync('a', join(own, 'b'));
    await expect(saveFile(join(own, 'a', 'file'), 'new')).rejects.toThrow('cannot be written');
  });
});

describe('a rescue file that is named', () => {
  test('is not a file with another name', async () => {
    linkSync(precious, join(own, 'tmp', 'rescue'));
    await expect(rescueTo(join(own, 'tmp', 'rescue'))).rejects.toThrow('hard link');
    expectUntouched();
  });

  test('is no link, wherever it is', async () => {
    symlinkSync(precious, join(own, 'link'));
    await expect(rescueTo(join(own, 'link'))).rejects.toThrow('symbolic link');
    expect(readFileSync(precious, 'utf8')).toBe('precious');
  });

  test.runIf(isRoot)('is no file of somebody else, wherever it is', async () => {
    chownSync(precious, NOBODY, NOBODY);
    const { mode } = statSync(precious);
    await expect(rescueTo(precious)).rejects.toThrow('another user');
    expect(statSync(precious).mode).toBe(mode);
    expectUntouched();
  });

  test('is one of our own that goes on', async () => {
    const path = join(everybodys, 'rescue');
    await rescueTo(path);
    await rescueTo(path);
    expect(readFileSync(path, 'utf8').split('\n')).toHaveLength(3);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });
});

describe('files that nobody has named', () => {
  test('have names that nobody can know', () => {
    const names = new Set(Array.from({ length: 1000 }, () => freshName('rescue', 'jsonl', 5)));
    expect(names.size).toBe(1000);
    for (const name of names) expect(name).toMatch(/^slotctl-rescue-5-[\da-f]{12}\.jsonl$/);
    expect(freshName('plan', 'json', 1.4)).toMatch(/^slotctl-plan-1-[\da-f]{12}\.json$/);
  });

  test.each(['a file', 'a link'])('are not written where there is %s of that name', async what => {
    const path = join(own, 'tmp', 'plan');
    if (what === 'a file') writeFileSync(path, 'theirs');
    else symlinkSync(precious, path);
    const before = lstatSync(path).ino;
    await expect(saveFreshFile(path, 'new')).rejects.toThrow('EEXIST');
    expect(lstatSync(path).ino).toBe(before);
    expectUntouched();
  });

  test('are whole, or not there', async () => {
    await saveFreshFile(join(own, 'tmp', 'plan'), 'new');
    expect(readFileSync(join(own, 'tmp', 'plan'), 'utf8')).toBe('new');
  });

  test('a rescue file goes on after it was closed', async () => {
    const before = process.cwd();
    process.chdir(everybodys);
    onTestFinished(() => process.chdir(before));
    const file = RescueFile.unnamed(() => 7);
    await file.add([VALUE]);
    await file.close();
    await file.add([VALUE]);
    await file.close();
    expect(readdirSync(everybodys)).toEqual([file.path]);
    expect(readFileSync(file.path, 'utf8').split('\n')).toHaveLength(3);
    expect(statSync(file.path).mode & 0o777).toBe(0o600);
  });
});
