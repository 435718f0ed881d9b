/** The layout of src/ is law: which room may import which, and which packages each may use. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const SRC = fileURLToPath(new URL('../src', import.meta.url));

interface Room {
  readonly rooms: readonly string[];
  /** Rooms of which only types may be imported. */
  readonly typesOf?: readonly string[];
  /** Single files of other rooms. */
  readonly files?: readonly string[];
  readonly packages: readonly string[];
  /** What it means when this room imports something else. */
  readonly breach: string;
}

const LAW: Readonly<Record<string, Room>> = {
  topology: {
    rooms: [],
    packages: [],
    breach: 'The model knows nothing of where its facts come from; pass in what it needs.',
  },
  plan: {
    rooms: ['topology'],
    packages: [],
    breach: 'A planner decides from values; gather what it wants to know first, and pass it in.',
  },
  report: {
    rooms: ['plan', 'topology'],
    packages: ['cli-table3'],
    breach: 'A report turns values into text; whatever it wants to look up belongs into the value.',
  },
  resp: {
    rooms: ['topology'],
    packages: ['redis-parser', 'node:dns', 'node:net', 'node:tls'],
    breach: 'The connector knows commands and replies, not what they are for.',
  },
  rdb: {
    rooms: [],
    packages: [],
    breach: 'The format of a file knows nothing of servers, nor of where its bytes come from.',
  },
  live: {
    rooms: ['resp', 'plan', 'rdb', 'topology'],
    packages: ['node:timers/promises', 'node:fs/promises', 'node:path', 'node:crypto'],
    breach: 'Effects yield events and values; how those look is the business of report.',
  },
  'terminal.ts': {
    rooms: [],
    // Whoever knows the terminal chooses how reports are coloured.
    files: ['report/paint.ts', 'line-reader.ts'],
    packages: ['inquirer', 'ora', 'node:process'],
    breach: 'The terminal serves commands and knows none of them.',
  },
  'line-reader.ts': {
    rooms: [],
    packages: [],
    breach: 'It makes lines of a stream; which stream, and what for, is the business of the terminal.',
  },
  'classic-terminal.ts': {
    rooms: ['terminal.ts', 'line-reader.ts'],
    packages: [],
    breach: 'It is the terminal with other manners, and knows no command.',
  },
  commands: {
    rooms: ['live', 'report', 'plan', 'topology'],
    typesOf: ['terminal.ts', 'resp'],
    // What turns typed words into values of resp, and its errors.
    files: [
      'resp/address-map.ts',
      'resp/credentials.ts',
      'resp/errors.ts',
      'resp/parse-address.ts',
      'resp/tls-files.ts',
      'resp/trusted-hosts.ts',
    ],
    packages: ['commander'],
    breach: 'A command tells the story by calling the rooms; work of its own belongs into one of them.',
  },
  'main.ts': {
    rooms: ['commands', 'terminal.ts', 'classic-terminal.ts', 'resp'],
    packages: ['commander'],
    breach: 'main only lists commands and maps their ends to exit codes.',
  },
  'slotctl.ts': {
    rooms: ['main.ts', 'terminal.ts'],
    packages: [],
    breach: 'This file only names what the bundle exports.',
  },
};

/** What is left of prose in live/, and why. A file that speaks no more is taken off the list; none is added. */
const SPEAKS: Readonly<Record<string, string>> = {
  'live/files/fresh-file.ts': 'what is wrong with a file goes on with the words of the operating system',
  'live/files/whole-file.ts': 'what is wrong with a file goes on with the words of the operating system',
  'live/backup/regular-file.ts': 'what is wrong with a file goes on with the words of the operating system',
  'live/keys/read-rescue-file.ts': 'what is wrong with input is said by whoever reads it, as in plan/files',
  'live/restore/read-backup.ts': 'what is wrong with input is said by whoever reads it, as in plan/files',
  'live/backup/inspect-dump.ts': 'what is wrong with the format of a dump is said in the words of rdb/',
  'live/look/inspect.ts': 'why a node is silent is text in the snapshot, which many read',
  'live/look/look-at-node.ts': 'why a node is silent is text in the snapshot, which many read',
  'live/import/look-at-source.ts': 'why a node is silent is text in the snapshot, which many read',
};

interface Import {
  readonly file: string;
  readonly room: string;
  readonly target: string;
  readonly typeOnly: boolean;
}

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter(file => file.endsWith('.ts'));

function roomOf(file: string): string {
  return file.includes('/') ? file.slice(0, file.indexOf('/')) : file;
}

function importsOf(file: string): Import[] {
  const source = readFileSync(join(SRC, file), 'utf8');
  const statements = source.matchAll(/^(?:import|export)\s+(type\s)?[^;]*?from '([^']+)'/gm);
  const dynamic = source.matchAll(/import\('([^']+)'\)/g);
  return [
    ...[...statements].map(([, type, target]) => ({ typeOnly: type !== undefined, target })),
    ...[...dynamic].map(([, target]) => ({ typeOnly: false, target })),
  ].map(({ typeOnly, target = '' }) => ({
    file,
    room: roomOf(file),
    typeOnly,
    target: target.startsWith('.') ? relative(SRC, normalize(join(SRC, dirname(file), target))) : target,
  }));
}

const imports = files.flatMap(importsOf).filter(({ target }) => target !== '../package.json');

describe('the layout of src/', () => {
  test('imports are found at all', () => {
    expect(imports.length).toBeGreaterThan(files.length);
  });

  test('every file is in a room that the law names', () => {
    expect(files.filter(file => !(roomOf(file) in LAW))).toEqual([]);
  });

  test.each(Object.keys(LAW))('%s imports only what it may', room => {
    const { rooms, typesOf = [], files: single = [], packages, breach } = LAW[room] as Room;
    const breaches = imports
      .filter(i => i.room === room && roomOf(i.target) !== room)
      .filter(({ target, typeOnly }) => {
        if (!target.endsWith('.ts')) return !packages.includes(target);
        if (single.includes(target)) return false;
        return !rooms.includes(roomOf(target)) && !(typeOnly && typesOf.includes(roomOf(target)));
      })
      .map(({ file, target }) => `${file} imports ${target}. ${breach}`);
    expect(breaches).toEqual([]);
  });

  test('topology, plan, rdb and report have no clock, no chance, no waiting and no output', () => {
    const pure = files.filter(file => ['topology', 'plan', 'rdb', 'report'].includes(roomOf(file)));
    const impure = /\basync\b|\bawait\b|\bDate\b|Math\.random|\bconsole\b|\bprocess\b|performance\.now/;
    const offenders = pure.filter(file =>
      impure.test(withoutComments(readFileSync(join(SRC, file), 'utf8'))),
    );
    expect(offenders).toEqual([]);
  });

  test('nothing under src/ ends the process: main returns a code', () => {
    const offenders = files.filter(file => readFileSync(join(SRC, file), 'utf8').includes('process.exit('));
    expect(offenders).toEqual([]);
  });

  test('only the terminal touches the standard streams', () => {
    const offenders = files
      .filter(file => file !== 'terminal.ts')
      .filter(file => /process\.(stdin|stdout|stderr)|console\./.test(readFileSync(join(SRC, file), 'utf8')));
    expect(offenders).toEqual([]);
  });

  test('live/ says nothing to people: it yields codes with fields, and report has the sentences', () => {
    const speakers = files.filter(file => roomOf(file) === 'live' && proseIn(file).length > 0);
    expect(
      speakers.filter(file => !(file in SPEAKS)).map(file => `${file}: ${proseIn(file).join(' | ')}`),
    ).toEqual([]);
    const spoke = Object.keys(SPEAKS).filter(file => proseIn(file, { withBugs: true }).length === 0);
    expect(spoke, 'take them off the list').toEqual([]);
  });

  test('no file needs itself by way of others, for types neither', () => {
    expect(
      circlesIn(new Map(files.map(file => [file, importsOf(file).map(({ target }) => target)]))),
    ).toEqual([]);
  });

  test('the house in CONTRIBUTING is drawn as it is (npm run house)', () => {
    const script = fileURLToPath(new URL('../scripts/draw-house.mjs', import.meta.url));
    expect(execFileSync(process.execPath, [script, '--check'], { encoding: 'utf8' })).toBe('');
  });

  test('no file is called after nothing in particular', () => {
    expect(files.filter(file => /\b(utils?|helpers?|common|misc|shared)\b/.test(file))).toEqual([]);
  });

  test('no file is longer than can be read in one go', () => {
    const LONGEST = 240;
    const long = files.filter(file => readFileSync(join(SRC, file), 'utf8').split('\n').length > LONGEST);
    expect(long).toEqual([]);
  });
});

function withoutComments(source: string): string {
  return source.replace(/\/\*[\s\S]*?\*\//g, '').replace(/\/\/.*/g, '');
}

/** Three words in a row, or an option. What is told of our own bugs, by a RangeError, is not meant for people. */
function proseIn(file: string, { withBugs = false } = {}): string[] {
  const source = withoutComments(readFileSync(join(SRC, file), 'utf8'));
  const code = withBugs ? source : source.replace(/new RangeError\(\s*(['`])[\s\S]*?\1/g, '');
  return [...code.matchAll(/'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`/g)]
    .map(([literal]) => literal)
    .filter(literal => /\p{L}+ \p{L}+ \p{L}+|(?<![\w-])--[a-z]/u.test(literal.replace(/\$\{[^}]*\}/g, '…')));
}

/** Each by the files that it goes through. */
function circlesIn(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const circles: string[] = [];
  const done = new Set<string>();
  const visit = (file: string, way: readonly string[]) => {
    if (way.includes(file)) {
      circles.push([...way.slice(way.indexOf(file)), file].join(' -> '));
      return;
    }
    if (done.has(file)) return;
    for (const next of graph.get(file) ?? []) visit(next, [...way, file]);
    done.add(file);
  };
  for (const file of graph.keys()) visit(file, []);
  return circles;
}
