/** Where a complaint goes, and in what colour, is told by its severity and never by its words. */
import { expect, test } from 'vitest';
import { classicTerminal } from '../src/classic-terminal.ts';
import { fakeTerminal } from './support/run-slotctl.ts';

test.each([
  ['error', '\u001b[31mNode a:1 replied with error:\nNO\u001b[0m\n'],
  ['warning', '\u001b[33mNode a:1 replied with error:\nNO\u001b[0m\n'],
] as const)('a complaint of severity %s stands among the results', (severity, printed) => {
  const terminal = fakeTerminal({ colour: true });
  classicTerminal(terminal, false).warn('Node a:1 replied with error:\nNO', severity);
  expect(terminal.output).toEqual({ stdout: printed, stderr: '' });
});

test.each(['[ERR] is the name of a folder', '*** and so is this', '>>> or this'])(
  'without one it does not, however it begins: %s',
  text => {
    const terminal = fakeTerminal();
    classicTerminal(terminal, false).warn(text);
    expect(terminal.output).toEqual({ stdout: '', stderr: `${text}\n` });
  },
);

test('where a program reads the results, nothing else stands among them', () => {
  const terminal = fakeTerminal();
  classicTerminal(terminal, true).warn('[ERR] Something is wrong.', 'error');
  expect(terminal.output).toEqual({ stdout: '', stderr: '[ERR] Something is wrong.\n' });
});
