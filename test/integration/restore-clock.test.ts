/** Keys end by the clock of the servers, and not by that of whoever restores them. In a file of its own: it sets a clock. */
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { TestCluster } from '../support/cluster.ts';
import { slotctl } from '../support/run-slotctl.ts';
import { anyServer } from '../support/servers.ts';
import { keyIn } from '../support/slot-keys.ts';
import { removeFolder, tempFolder } from '../support/temp-folder.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

test('a clock that is a day ahead leaves out no key that lives', async t => {
  const build = anyServer();
  const cluster = await TestCluster.startFor(t, { build, primaries: 1, replicasPerPrimary: 0 });
  const folder = tempFolder('clock');
  t.onTestFinished(() => removeFolder(folder));
  await cluster.node(0).send('SET', keyIn(1, 'mortal'), 'value', 'PX', '3600000');
  const saved = join(folder, 'saved');
  expect((await slotctl(['backup', cluster.entry, saved])).code).toBe(0);
  await cluster.node(0).send('FLUSHALL');
  const now = Date.now;
  vi.spyOn(Date, 'now').mockImplementation(() => now() + 86_400_000);
  for (const outcome of ['1 of 1 key restored.', '0 of 1 key restored, 1 were there already.']) {
    const { code, stdout, stderr } = await slotctl(['restore', saved, cluster.entry, '--yes']);
    expect(stderr).toBe('');
    expect(stdout).toContain(`[OK] ${outcome}`);
    expect(code).toBe(0);
  }
  expect(await cluster.node(0).send('DBSIZE')).toBe(1);
});
