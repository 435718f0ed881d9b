/** What tutorials have people type at a terminal, typed at a terminal: the files in fixtures/transcripts, on real servers. */
import { readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { describe, expect, type TestContext, test } from 'vitest';
import { LoneNodes } from '../support/lone-nodes.ts';
import { BIN, inTerminal } from '../support/run-slotctl.ts';
import { EXPECTED, installedServers, type ServerBuild } from '../support/servers.ts';
import { removeFolder, tempFolder } from '../support/temp-folder.ts';

interface Exchange {
  /** The program’s name, and the words after it. */
  readonly typed: readonly string[];
  /** Lines and questions, in their order. */
  readonly shown: readonly string[];
  readonly answers: readonly { readonly when: string; readonly type: string }[];
  readonly code: number;
}

/** As it was typed: ^H for the key that goes back, ^[ for the beginning of an arrow. */
function keys(text: string): string {
  return text.replaceAll('^H', '\b').replaceAll('^[', '\u001b');
}

function readTranscript(text: string): Exchange[] {
  return text
    .split(/^(?=\$ )/m)
    .filter(part => part.startsWith('$ '))
    .map(part => {
      const lines = part.split('\n').filter(line => /^[$?~=!] /.test(line));
      const of = (sign: string) => lines.filter(line => line[0] === sign).map(line => line.slice(2));
      // ~ is a question that only some servers give a reason for.
      const asked = lines.filter(line => /^[?~]/.test(line)).map(line => line.slice(2).split(' -> '));
      return {
        typed: of('$')[0]?.split(' ') ?? [],
        shown: lines.filter(line => /^[?=]/.test(line)).map(line => line.slice(2).split(' -> ')[0] ?? ''),
        answers: asked.map(([when = '', type = '']) => ({ when, type: `${keys(type)}\r` })),
        code: Number(of('!')[0]),
      };
    });
}

/** Addresses and ids instead of {1} and {id1}. A node that was reset has another id by then, but the old one was meant. */
async function nameNodes(lone: LoneNodes, text: string): Promise<string> {
  const ids = await Promise.all(lone.nodes.map(node => node.text('CLUSTER', 'MYID')));
  return text
    .replace(/\{id(\d)\}/g, (_, n) => ids[Number(n) - 1] ?? '')
    .replace(/\{(\d)\}/g, (_, n) => lone.addresses[Number(n) - 1] ?? '');
}

/** Without what moves the cursor; with Valkey the words are those of valkey-cli. */
function read(screen: string): string {
  return stripVTControlCharacters(screen).replaceAll('\r', '').replaceAll('Primary[', 'Master[');
}

async function replay(file: string, build: ServerBuild, t: TestContext): Promise<void> {
  const lone = await LoneNodes.startFor(t, { build, count: 8, hosts: ['127.0.0.1'] });
  const folder = tempFolder('names');
  t.onTestFinished(() => removeFolder(folder));
  const text = await nameNodes(lone, readFileSync(`fixtures/transcripts/${file}`, 'utf8'));
  for (const { typed, shown, answers, code } of readTranscript(text)) {
    const [name = '', ...words] = typed;
    const program = join(folder, name);
    symlinkUnlessThere(program);
    const run = await inTerminal([program, ...words], { answers });
    const screen = read(run.screen);
    let at = 0;
    for (const line of shown) {
      const found = screen.indexOf(line, at);
      expect(
        found,
        `${typed.join(' ')}: after\n${screen.slice(0, at)}\nno\n${line}\nin\n${screen.slice(at)}`,
      ).not.toBe(-1);
      at = found + line.length;
    }
    expect(run.code, screen).toBe(code);
  }
}

function symlinkUnlessThere(program: string): void {
  try {
    symlinkSync(BIN, program);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
}

const builds = installedServers().filter(({ name }) => EXPECTED.includes(name));

describe.concurrent.each(builds)('$name', build => {
  test('as with redis-trib', t => replay('redis-trib.txt', build, t));
  test('as with redis-cli', t => replay('redis-cli.txt', build, t));
});
