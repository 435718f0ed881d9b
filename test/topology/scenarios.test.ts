/**
 * Runs fixtures/scenarios/*.txt. A scenario is a paragraph: prose behind `#`, a drawn cluster, a line with the command,
 * and below it what is expected. `SCENARIOS=write npx vitest run test/topology/scenarios.test.ts` writes down what
 * comes out instead; read the difference before it is committed.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { describeFinding } from '../../src/report/finding-text.ts';
import { NodeNames } from '../../src/report/names.ts';
import { diagnose } from '../../src/topology/diagnose.ts';
import { draw } from '../support/drawing.ts';

const FOLDER = fileURLToPath(new URL('../../fixtures/scenarios/', import.meta.url));

interface Scenario {
  readonly title: string;
  readonly prose: readonly string[];
  readonly drawing: string;
  readonly command: string;
  readonly expected: string;
}

function readScenario(paragraph: string): Scenario {
  const lines = paragraph.split('\n');
  const prose = lines.filter(line => line.startsWith('#'));
  const rest = lines.filter(line => !line.startsWith('#'));
  const at = rest.findIndex(line => /^check\b/.test(line));
  if (at === -1) throw new Error(`no command in:\n${paragraph}`);
  return {
    title: (prose[0] ?? '#').slice(1).trim(),
    prose,
    drawing: rest.slice(0, at).join('\n'),
    command: rest[at] ?? '',
    expected: rest
      .slice(at + 1)
      .join('\n')
      .trim(),
  };
}

/** `check [min-replicas=N] [max-lag=BYTES] [search]` */
function run({ drawing, command }: Scenario): string {
  const { snapshot, census, named } = draw(drawing);
  const option = (name: string, otherwise: number) =>
    Number(new RegExp(`${name}=(\\d+)`).exec(command)?.[1] ?? otherwise);
  const findings = diagnose(snapshot, {
    minReplicas: option('min-replicas', 0),
    maxReplicaLagBytes: option('max-lag', 10_000_000),
    ...(command.includes('search') && { census }),
  });
  const names = new NodeNames(snapshot);
  const lines = findings.map(f => `${f.severity} ${f.kind}: ${named(describeFinding(f, names))}`);
  return lines.length === 0 ? 'nothing' : lines.join('\n');
}

describe.each(readdirSync(FOLDER))('%s', file => {
  const paragraphs = readFileSync(FOLDER + file, 'utf8')
    .trim()
    .split(/\n{2,}/);
  const scenarios = paragraphs.map(readScenario);

  if (process.env['SCENARIOS'] === 'write') {
    const written = scenarios.map(s => [...s.prose, s.drawing, s.command, run(s)].join('\n'));
    writeFileSync(FOLDER + file, `${written.join('\n\n')}\n`);
  }

  test.each(scenarios)('$title', scenario => {
    expect(run(scenario)).toBe(scenario.expected);
  });
});
