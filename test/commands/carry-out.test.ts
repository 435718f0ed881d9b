/** How a change ends for a program that reads its lines. */
import { expect, test } from 'vitest';
import { carryOut } from '../../src/commands/carry-out.ts';
import type { Change } from '../../src/commands/change.ts';
import type { Plan } from '../../src/plan/step.ts';
import { ConnectError } from '../../src/resp/errors.ts';
import { Fleet } from '../../src/resp/fleet.ts';
import { draw } from '../support/drawing.ts';
import { fakeTerminal } from '../support/run-slotctl.ts';

const { snapshot } = draw('A primary 0-16383');
// With nothing in its one stage, nobody is asked for anything.
const plan: Plan = { before: snapshot, stages: [[]], remarks: [] };
const round: Change<Plan> = {
  command: 'fix',
  decide: async () => ({ decision: { kind: 'plan', plan }, seen: snapshot }),
  preview: () => '',
  question: '',
  already: '',
  isRound: true,
  done: 'That is done. Looking again:',
  unfinished: () => 'Not all of that was done.',
};

function fixed(change: Change<Plan>) {
  const terminal = fakeTerminal();
  const fleet = {
    entry: { kind: 'tcp', host: '127.0.0.1', port: 1 } as const,
    connectTimeoutMs: 1,
    replyTimeoutMs: 1,
  };
  const options = { fleet, trace: false, yes: true, dryRun: false, json: true, joinTimeoutMs: 1 };
  const context = { terminal, openFleet: () => new Fleet(fleet), nowMs: () => 0, finish() {} };
  const code = carryOut(options, context, change);
  const events = () =>
    terminal.output.stdout
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line).event);
  return { code, events };
}

test('after a round comes another one, or the end', async () => {
  const { code, events } = fixed(round);
  expect(await code).toBe(0);
  expect(events().at(-1)).toBe('round-done');
});

test('what breaks off in the middle of a round has an end', async () => {
  const lost = new ConnectError('127.0.0.1:1', 'the connection is gone');
  const { code, events } = fixed({ ...round, verify: () => Promise.reject(lost) });
  await expect(code).rejects.toBe(lost);
  expect(events().at(-1)).toBe('end');
});
