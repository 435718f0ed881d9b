/** What `apply` makes of a plan in a file and of its own command line. Nothing is connected to. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { type ApplyOptions, applyCommand } from '../../src/commands/apply.ts';
import { UsageError } from '../../src/commands/context.ts';
import type { MoveOptions } from '../../src/commands/options/move.ts';
import { reshardCommand } from '../../src/commands/reshard.ts';
import { planDocument } from '../../src/plan/files/plan-file.ts';
import { type Manner, USUAL_MANNER } from '../../src/plan/slots/move-settings.ts';
import { planReshard } from '../../src/plan/slots/reshard.ts';
import { examine } from '../../src/topology/diagnose.ts';
import { anyManner } from '../plan/slots/move-settings.ts';
import { draw } from '../support/drawing.ts';
import { planOf } from '../support/plan-text.ts';
import { readOptions } from '../support/read-options.ts';
import { removeFolder, tempFolder } from '../support/temp-folder.ts';

const folder = tempFolder('apply');
afterAll(() => removeFolder(folder));
const file = join(folder, 'plan.json');

const { snapshot, id } = draw('A primary 0-8191\nB primary 8192-16383');
const decision = planReshard({
  ...examine(snapshot),
  from: 'all',
  count: 4,
  to: id('B'),
  despiteFindings: false,
});
const plan = planOf(decision);

function apply(manner: Manner, ...argv: string[]) {
  writeFileSync(file, planDocument(plan, 'reshard', manner));
  return readOptions<ApplyOptions>(applyCommand, [file, 'h:1', ...argv]);
}

/** The manner as somebody would type it. */
function typed({ mover, parallel, limits, paceLimits, patience }: Manner): string[] {
  const words = {
    '--mover': mover,
    '--parallel': parallel,
    '--cluster-pipeline': limits.firstBatch,
    '--max-block-ms': limits.maxBlockMs,
    '--window': limits.window,
    '--cluster-timeout': limits.timeoutMs,
    '--wait-replicas': limits.waitReplicas,
    '--max-keys-per-second': paceLimits.maxKeysPerSecond,
    '--max-bytes-per-second': paceLimits.maxBytesPerSecond,
    '--pause-above-ms': paceLimits.pauseAboveMs,
    '--join-timeout': patience.joinTimeoutMs / 1000,
  };
  return [
    ...Object.entries(words).flatMap(([option, value]) => (value === undefined ? [] : [option, `${value}`])),
    ...(limits.replace ? ['--cluster-replace'] : []),
    ...(limits.allowBlocking ? ['--allow-blocking'] : []),
    ...(patience.waitCopies ? ['--wait-copies'] : []),
  ];
}

/** Consent to evictions is in no file. */
const unasked = (manner: Manner) => ({ ...manner, mayEvict: false });

test('what is asked of reshard is what apply does', async () => {
  await fc.assert(
    fc.asyncProperty(anyManner, async manner => {
      const asked = await readOptions<MoveOptions>(reshardCommand, ['h:1', ...typed(manner)]);
      expect(asked.options.moving).toEqual(unasked(manner));
      const { options } = await apply(asked.options.moving);
      expect(options.moving).toEqual(unasked(manner));
      const { joinTimeoutMs, waitCopies } = manner.patience;
      expect(options).toMatchObject({ joinTimeoutMs, waitsForCopies: waitCopies });
      expect(options.brought.some(line => line.startsWith('The command line overrides'))).toBe(false);
    }),
    { numRuns: 60 },
  );
});

test('what the command line says counts', async () => {
  const kept = { ...USUAL_MANNER, mover: 'migrate' } as const;
  await fc.assert(
    fc.asyncProperty(anyManner, async manner => {
      const { options } = await apply(kept, ...typed(manner));
      const { replace, allowBlocking } = manner.limits;
      expect(options.moving).toEqual(
        unasked({ ...manner, limits: { ...manner.limits, replace, allowBlocking } }),
      );
    }),
    { numRuns: 30 },
  );
});

describe('what is told', () => {
  const manner: Manner = {
    ...USUAL_MANNER,
    mover: 'migrate',
    limits: { ...USUAL_MANNER.limits, replace: true, waitReplicas: 1 },
    paceLimits: { maxKeysPerSecond: 500 },
  };

  test('what the plan brings', async () => {
    expect((await apply(manner)).options.brought).toEqual([
      'From the plan: --mover migrate --wait-replicas 1 --cluster-replace --max-keys-per-second 500',
    ]);
    expect((await apply(USUAL_MANNER)).options.brought).toEqual([]);
    const patience = { joinTimeoutMs: 2500, waitCopies: true };
    expect((await apply({ ...USUAL_MANNER, patience })).options.brought).toEqual([
      'From the plan: --join-timeout 2.5 --wait-copies',
    ]);
    const { options } = await apply({ ...USUAL_MANNER, patience }, '--no-wait-copies', '--join-timeout', '9');
    expect(options).toMatchObject({ joinTimeoutMs: 9000, waitsForCopies: false });
    expect(options.brought).toEqual([
      'The command line overrides the plan: --join-timeout 9 (in the plan: 2.5), no --wait-copies (in the plan: yes)',
    ]);
  });

  test('and what is otherwise, in one line', async () => {
    const { options } = await apply(
      manner,
      '--max-keys-per-second',
      '9',
      '--no-cluster-replace',
      '--window',
      '8',
    );
    expect(options.moving).toMatchObject({
      limits: { replace: false, waitReplicas: 1, window: 8 },
      paceLimits: { maxKeysPerSecond: 9 },
    });
    expect(options.brought).toEqual([
      'From the plan: --mover migrate --wait-replicas 1',
      'The command line overrides the plan: --window 8 (in the plan: 64), no --cluster-replace (in the plan: yes), --max-keys-per-second 9 (in the plan: 500)',
    ]);
  });

  test('what does not go together does not, wherever it comes from', async () => {
    await expect(apply(manner, '--mover', 'atomic')).rejects.toThrow(UsageError);
    await expect(apply(manner, '--rescue-file', 'f')).rejects.toThrow(
      '--rescue-file goes with a plan of fix',
    );
  });
});

test('no answer and no insistence comes from a file', async () => {
  const { options } = await apply(USUAL_MANNER);
  expect(options).toMatchObject({ yes: false, despiteFindings: false, dryRun: false });
});

test('a file of version 1 brings nothing', async () => {
  const { moving: _, ...old } = JSON.parse(planDocument(plan, 'reshard', USUAL_MANNER));
  writeFileSync(file, JSON.stringify({ ...old, version: 1 }));
  const argv = [file, 'h:1', '--window', '7'];
  const { options } = await readOptions<ApplyOptions>(applyCommand, argv);
  expect(options.moving).toEqual(unasked({ ...USUAL_MANNER, limits: { ...USUAL_MANNER.limits, window: 7 } }));
  expect(options.brought).toEqual([]);
});
