/**
 * Runs fixtures/scenarios/*.txt. A scenario is a paragraph: prose behind `#`, a drawn cluster, a line with the command,
 * and below it what is expected. `SCENARIOS=write npx vitest run test/topology/scenarios.test.ts` writes down what
 * comes out instead; read the difference before it is committed.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { planFix } from '../../src/plan/fix/fix.ts';
import { numberOf } from '../../src/plan/fix/situation-kinds.ts';
import { placesIn } from '../../src/plan/placement/zone-map.ts';
import { describeFinding } from '../../src/report/text/finding.ts';
import { NodeNames } from '../../src/report/text/names.ts';
import { sceneOf } from '../../src/report/text/situation.ts';
import { diagnose, examine } from '../../src/topology/diagnose.ts';
import { SlotSet } from '../../src/topology/slot-set.ts';
import { draw } from '../support/drawing.ts';
import { planOf, told } from '../support/plan-text.ts';

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
  const at = rest.findIndex(line => /^(check|fix)\b/.test(line));
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

function run(scenario: Scenario): string {
  return scenario.command.startsWith('fix') ? runFix(scenario) : runCheck(scenario);
}

/** `fix [search] [unreachable] [migration=SLOTS:NODE>NODE:failing|running]`: the situations, the stages, and what is left. */
function runFix({ drawing, command }: Scenario): string {
  const drawn = draw(drawing);
  const { snapshot, census, named } = drawn;
  const migrations = [...command.matchAll(/migration=([\d-]+):(\w+)>(\w+):(\w+)/g)].map(
    ([, slots = '', from = '', to = '', how]) => ({
      node: drawn.id(to),
      name: 'its-name',
      peer: drawn.id(from),
      slots: SlotSet.parse(slots),
      failing: how === 'failing',
      message: 'it is drawn so',
    }),
  );
  const wishes = {
    searchOwners: command.includes('search'),
    withUnreachable: command.includes('unreachable'),
  };
  const placeOf = placesIn(snapshot, new Map());
  const plan = planOf(planFix({ ...examine(snapshot), census, migrations, wishes, placeOf }));
  const names = new NodeNames(snapshot);
  const situations = plan.situations.map(
    s =>
      `${numberOf(s)} ${s.kind}: ${named(sceneOf(s, names))}${s.obstacle ? ` Not done: ${s.obstacle}.` : ''}`,
  );
  const stages = told(plan, drawn).map(steps => `  ${steps.join('; ')}`);
  const left = plan.left.map(f => `left ${f.kind}: ${named(describeFinding(f, names))}`);
  const lines = [...situations, ...stages, ...left];
  return lines.length === 0 ? 'nothing' : lines.join('\n');
}

/** `check [min-replicas=N] [max-lag=BYTES] [search]` */
function runCheck({ drawing, command }: Scenario): string {
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
