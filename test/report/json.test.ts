/** schemas/ is the contract with programs: made from the types in report/json/, and valid by themselves. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { breachOf, schemaNames } from '../support/json-contract.ts';

const SCRIPT = fileURLToPath(new URL('../../scripts/make-schemas.mjs', import.meta.url));

test('the schemas are what the types say; a field that is renamed shows here (npm run schemas)', () => {
  expect(execFileSync(process.execPath, [SCRIPT, '--check'], { encoding: 'utf8' })).toBe('');
});

describe.each(schemaNames())('%s', name => {
  test('refuses what is of another kind, or of another version', () => {
    expect(breachOf(name, { event: 'something else', version: 1 })).toBeDefined();
    expect(breachOf(name, { format: `slotctl-${name}`, version: 2 })).toBeDefined();
  });
});

test('a field that the schema does not name is noticed here, and is none of a reader’s business', () => {
  const event = { version: 1, event: 'end', command: 'fix', code: 0, text: '' };
  expect(breachOf('change-event', event)).toBeUndefined();
  expect(breachOf('change-event', { ...event, elapsedMs: 1 })).toContain('elapsedMs');
});
