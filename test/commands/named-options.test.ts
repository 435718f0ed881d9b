/** Where a message names an option, the command that says so takes it, or the message names the command, too. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { slotctl } from '../support/run-slotctl.ts';

const MOVERS = ['reshard', 'rebalance', 'apply', 'add-node', 'del-node'];
const JOINERS = ['create', 'add-node', 'replicate', 'place-replicas'];
const CHANGES = [...MOVERS, ...JOINERS, 'forget-failed', 'failover', 'rolling-failover', 'fix'];
const MENDERS = ['fix', 'explain', 'apply'];
const EVERYBODY = [
  ...CHANGES,
  'check',
  'info',
  'import',
  'call',
  'set-timeout',
  'backup',
  'restore',
  'explain',
  'rescue',
];

/** Who says what is in a file, by the beginning of its path; the longest that fits counts. */
const SPEAKERS: Readonly<Record<string, readonly string[]>> = {
  'src/live/': EVERYBODY,
  'src/live/import/': ['import'],
  'src/live/restore/': ['restore'],
  'src/live/backup/': ['backup'],
  'src/report/text/fix.ts': MENDERS,
  'src/report/text/situation.ts': MENDERS,
  'src/report/text/fix-steps.ts': MENDERS,
  'src/report/text/failover.ts': ['failover'],
  'src/report/text/backup.ts': ['backup'],
  'src/report/text/restored.ts': ['restore'],
  'src/report/text/full-syncs.ts': CHANGES,
  'src/report/text/move-settings.ts': ['apply'],
  'src/report/text/finding.ts': EVERYBODY,
  'src/report/text/problem.ts': CHANGES,
  'src/report/text/import.ts': ['import'],
  'src/report/text/restore.ts': ['restore'],
  'src/commands/fix.ts': MENDERS,
  'src/commands/telling/fix-end.ts': MENDERS,
  'src/commands/carry-out.ts': CHANGES,
  'src/commands/apply.ts': ['apply'],
  'src/commands/telling/failures.ts': EVERYBODY,
  'src/commands/options/connection.ts': EVERYBODY,
  // The command that goes on with it.
  'src/commands/carry-out-moves.ts': ['apply'],
  'src/commands/rebalance.ts': ['rebalance'],
  'src/commands/reshard.ts': ['reshard'],
  'src/commands/ask-reshard.ts': ['reshard'],
  'src/commands/reshard-questions.ts': ['reshard'],
  'src/commands/options/move.ts': ['reshard', 'rebalance', 'apply'],
  'src/commands/options/import.ts': ['import'],
  'src/commands/options/import-source.ts': ['import'],
  'src/commands/import.ts': ['import'],
  'src/commands/add-node.ts': ['add-node'],
  'src/commands/del-node.ts': ['del-node'],
  'src/commands/create.ts': ['create'],
  'src/commands/failover.ts': ['failover'],
  'src/commands/rolling-failover.ts': ['rolling-failover'],
  'src/commands/backup.ts': ['backup'],
  'src/commands/restore.ts': ['restore'],
  'src/commands/carry-out-restore.ts': ['restore'],
  'src/commands/rescue.ts': ['rescue'],
  'src/commands/options/fix.ts': ['fix', 'explain'],
  'src/commands/check.ts': ['check'],
  'src/commands/telling/after-answer.ts': [...CHANGES, 'import', 'restore', 'rescue'],
};

type BySection = Readonly<Record<string, readonly string[]>>;

/** Who refuses for which reason; a reason that is not here names no option. */
const REFUSERS: BySection = {
  'products-mixed': JOINERS,
  'replica-older': JOINERS,
  'too-few-primaries': ['create'],
  'cluster-damaged': [...MOVERS, 'import'],
  'no-room': MOVERS,
  'has-slots': ['del-node'],
  'still-loading': ['del-node'],
  'has-stray-keys': ['del-node'],
  'functions-hidden': ['add-node'],
  'target-older': MOVERS,
  'nobody-to-ask': ['reshard'],
  'not-understood': ['reshard'],
  'no-sources': ['reshard'],
  'owner-changed': ['apply'],
  'source-damaged': ['import'],
  'source-replica': ['import'],
  'source-newer': ['import'],
  'target-full': ['import'],
  'login-in-clear': ['import'],
  'source-sends-plain': ['import'],
  'databases-clash': ['import'],
};

/** Who stops a move for which reason. */
const STOPPED: BySection = {
  'replicas-behind': ['reshard', 'rebalance', 'apply'],
  'only-by-migrate': ['reshard', 'rebalance', 'apply'],
  'keys-clash': MOVERS,
  giants: [...MOVERS, 'fix'],
};

const IMPORTING: BySection = {
  'stays-at-source': ['import'],
  'keys-not-accepted': ['import'],
  'too-big-to-rescue': ['import'],
};

/** Files that say many things, each in its own row `kind: …` of a table. */
const BY_SECTION: Readonly<Record<string, BySection>> = {
  'src/report/text/refusal.ts': REFUSERS,
  'src/report/text/move-problem.ts': STOPPED,
  'src/report/text/note.ts': {},
  'src/report/text/import-problem.ts': IMPORTING,
};

interface Mention {
  readonly option: string;
  /** Named before it. */
  readonly command: string | undefined;
  readonly where: string;
}

const NAMED = /(?:(?<![\w-])([a-z][a-z-]*) )?(?<![\w-])(--[a-z][a-z-]*[a-z])(?![\w-])/g;
/** That of other programs, and the beginnings of several. */
const NOT_OURS = new Set(['--cluster', '--cluster-from-', '--rdb']);

function mentions(text: string, where: string): Mention[] {
  const said = text
    .split('\n')
    .filter(line => !/^\s*(\*|\/\/|\/\*)/.test(line))
    // Options that are declared or read, not spoken of.
    .filter(line => !/\.option\(|new Option\(|addOption|^\s*'-[-\w<>…=. ,]*',?$/.test(line))
    .join('\n');
  return [...said.matchAll(NAMED)].flatMap(([, word, option = '']) =>
    NOT_OURS.has(option)
      ? []
      : [{ option, command: EVERYBODY.includes(word ?? '') ? word : undefined, where }],
  );
}

function sourcesIn(folder: string): string[] {
  return readdirSync(folder).flatMap(name => {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) return sourcesIn(path);
    return path.endsWith('.ts') ? [path] : [];
  });
}

/** Rows of tables of sentences, each with what it uses of the rest of the file. */
function rowsOf(source: string): { readonly kind: string; readonly text: string }[] {
  const blocks = source.split(/\n(?=(?:export )?(?:const|function) )/);
  const isTable = (block: string) => /^(?:export )?const .*(?:: Sentences<| = sentences)/.test(block);
  const others = new Map(
    blocks.flatMap(block => {
      const name = /^(?:export )?(?:function|const) (\w+)/.exec(block)?.[1];
      return name === undefined || isTable(block) ? [] : [[name, block] as const];
    }),
  );
  const withUsed = (text: string, seen: ReadonlySet<string> = new Set()): string => {
    const used = [...others].filter(([name]) => !seen.has(name) && new RegExp(`\\b${name}\\b`).test(text));
    const known = new Set([...seen, ...used.map(([name]) => name)]);
    return [text, ...used.map(([, block]) => withUsed(block, known))].join('\n');
  };
  return blocks.filter(isTable).flatMap(block =>
    block
      .split(/\n {2}(?='?[a-z-]+'?(?:: |,$))/m)
      .slice(1)
      .map(row => ({ kind: /^'?([a-z-]+)/.exec(row)?.[1] ?? '', text: withUsed(row) })),
  );
}

function speakersOf(path: string): readonly string[] | undefined {
  const [longest] = Object.keys(SPEAKERS)
    .filter(beginning => path.startsWith(beginning))
    .sort((a, b) => b.length - a.length);
  return longest === undefined ? undefined : SPEAKERS[longest];
}

const optionsOf = new Map<string, Promise<string>>();

const LEFT_OUT_OF_HELP: Readonly<Record<string, readonly string[]>> = {
  'add-node': ['--cluster-slave'],
  explain: ['--rescue-file'],
  // Only named: what a plan of fix brings along.
  apply: ['--prefer', '--prefer-newest'],
};

/** Those that its help tells of, and those that it takes without a word. */
function takes(command: string, option: string): Promise<boolean> {
  const help = optionsOf.get(command) ?? slotctl([command, '--help']).then(({ stdout }) => stdout);
  optionsOf.set(command, help);
  if (LEFT_OUT_OF_HELP[command]?.includes(option)) return Promise.resolve(true);
  return help.then(text => new RegExp(`(^|[ ,])${option}(?![\\w-])`, 'm').test(text));
}

async function untaken(found: readonly Mention[], speakers: readonly string[]): Promise<string[]> {
  const asked = found.flatMap(({ option, command, where }) =>
    (command === undefined ? speakers : [command]).map(async speaker =>
      (await takes(speaker, option)) ? [] : [`${where}: ${speaker} takes no ${option}`],
    ),
  );
  return [...new Set((await Promise.all(asked)).flat())];
}

describe('an option that a message names', () => {
  const files = [...sourcesIn('src/live'), ...sourcesIn('src/report'), ...sourcesIn('src/commands')].filter(
    path => !(/classic|examples|trib/.test(path) || path in BY_SECTION),
  );
  const speaking = files
    .map(path => ({ path, found: mentions(readFileSync(path, 'utf8'), path) }))
    .filter(({ found }) => found.length > 0);

  test.each(speaking)('$path', async ({ path, found }) => {
    const unnamed = found.filter(({ command }) => command === undefined);
    const speakers = speakersOf(path);
    expect(unnamed.length === 0 || speakers !== undefined, `say in this test who speaks in ${path}`).toBe(
      true,
    );
    expect(await untaken(found, speakers ?? [])).toEqual([]);
  });

  const sections = Object.entries(BY_SECTION).flatMap(([path, speakers]) =>
    rowsOf(readFileSync(path, 'utf8'))
      .map(({ kind, text }) => ({ path, kind, speakers, found: mentions(text, `${path}: ${kind}`) }))
      .filter(({ found }) => found.length > 0),
  );

  test.each(Object.keys(BY_SECTION))('all that %s names is in one of its sections', path => {
    const optionsIn = (found: readonly Mention[]) => new Set(found.map(({ option }) => option));
    const inSections = sections.filter(section => section.path === path).flatMap(({ found }) => found);
    expect(optionsIn(inSections)).toEqual(optionsIn(mentions(readFileSync(path, 'utf8'), path)));
  });

  test.each(sections)('in $path, for $kind', async ({ path, kind, speakers: ofFile, found }) => {
    const unnamed = found.filter(({ command }) => command === undefined);
    const speakers = ofFile[kind];
    expect(
      unnamed.length === 0 || speakers !== undefined,
      `say in this test who says ${kind} of ${path}`,
    ).toBe(true);
    expect(await untaken(found, speakers ?? [])).toEqual([]);
  });
});
