import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { slotctl } from '../support/run-slotctl.ts';
import { tempFolder } from '../support/temp-folder.ts';

test('the last line that a program reads is the end, also where the answer is no', async () => {
  const file = join(tempFolder('rescue'), 'values');
  writeFileSync(file, '');
  const run = await slotctl(['rescue', file, 'restore', '127.0.0.1:1', '--json'], { answer: 'no' });
  expect(run).toEqual({
    code: 1,
    stdout: '{"version":1,"event":"end","command":"rescue","code":1,"text":"Nothing was changed."}\n',
    stderr: '',
  });
});
