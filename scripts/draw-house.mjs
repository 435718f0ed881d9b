// Draws the house in CONTRIBUTING.md from the imports in src/: the rooms, what is in them, and who imports whom. With --check it
// writes nothing, and says whether the drawing is what it would be.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../', import.meta.url));
const SRC = join(ROOT, 'src');
const PAGE = join(ROOT, 'CONTRIBUTING.md');
const [BEGIN, END] = ['<!-- house: npm run house -->', '<!-- end of house -->'];
const COLUMNS = 108;

/** What each is for, where its name does not say it. One without a line here is drawn all the same. */
const PURPOSE = {
  'slotctl.ts': 'what bin/slotctl.js needs',
  'main.ts': 'the list of commands; which error or outcome is which exit code',
  'terminal.ts': 'the person: streams, colour, questions, spinner',
  'classic-terminal.ts': 'the same for scripts of redis-cli',
  'line-reader.ts': 'standard input, line by line',
  commands: 'one file for each subcommand: the story, told by calling the rooms in order',
  live: 'effects on a live cluster',
  report: 'PURE. Values into text, JSON, the peers’ words, Prometheus',
  plan: 'PURE. From what there is and what is wanted to a plan, or to refusals',
  resp: 'the connector: bytes, sockets, TLS, AUTH; what is sent, how replies are read',
  rdb: 'PURE. The format of dumps',
  topology: 'PURE. What a cluster is, and what can be wrong with one',
  'commands/classic': 'the peers’ spellings',
  'commands/telling': 'what is said while work goes on',
  'live/keys': 'for move, fix, import, restore',
  'live/look': 'what nodes say of the cluster',
  'live/await': 'until all agree',
  'live/watch': 'whether nodes lose keys',
  'plan/files': 'plan file, manifest, nodes.json',
  'plan/transfer': 'import, backup, restore',
  'report/classic': 'the peers’ words',
  'report/json': 'with schemas/',
  'resp/commands': 'by what they are about',
};

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter(file => file.endsWith('.ts'))
  .sort();
const roomOf = file => file.split('/')[0];
const folderOf = file => (file.split('/').length > 2 ? file.split('/')[1] : undefined);

const imports = files.flatMap(file => {
  const source = readFileSync(join(SRC, file), 'utf8');
  const found = [
    ...source.matchAll(/^(?:import|export)\s+(type\s)?[^;]*?from '(\.[^']+)'/gm),
    ...source.matchAll(/import\(()'(\.[^']+)'\)/g),
  ];
  return found
    .map(([, type, to]) => ({ file, to: relative(SRC, resolve(SRC, dirname(file), to)), isType: !!type }))
    .filter(({ to }) => files.includes(to));
});

/** Names of what is imported, in brackets where only types are. */
function names(found, nameOf) {
  const all = new Set(found.map(({ to }) => nameOf(to)));
  const values = new Set(found.filter(({ isType }) => !isType).map(({ to }) => nameOf(to)));
  return [...all].sort().map(name => (values.has(name) ? name : `(${name})`));
}

const rooms = new Map(
  [...new Set(files.map(roomOf))].map(room => {
    const out = imports.filter(({ file, to }) => roomOf(file) === room && roomOf(to) !== room);
    return [room, names(out, roomOf)];
  }),
);

/** A room is above all that it imports. */
function heightOf(room) {
  return 1 + Math.max(-1, ...(rooms.get(room) ?? []).map(name => heightOf(name.replace(/[()]/g, ''))));
}

/** Each folder of the room, with those in it, and with its neighbours that it imports. */
function foldersOf(room) {
  const inside = files.filter(file => roomOf(file) === room);
  const folders = [...new Set(inside.map(folderOf))].filter(folder => folder !== undefined);
  return folders.map(folder => {
    const inner = new Set(inside.filter(f => folderOf(f) === folder).map(f => f.split('/').slice(2, -1)[0]));
    const own = [...inner].filter(name => name !== undefined).map(name => `${name}/`);
    const out = imports.filter(
      ({ file, to }) =>
        roomOf(file) === room && folderOf(file) === folder && roomOf(to) === room && folderOf(to) !== folder,
    );
    const used = names(
      out.filter(({ to }) => folderOf(to)),
      folderOf,
    );
    const purpose = PURPOSE[`${room}/${folder}`];
    return [
      `${folder}/${own.length > 0 ? ` (${own.join(' ')})` : ''}`,
      ...(purpose ? [purpose] : []),
      ...(used.length > 0 ? [`→ ${used.join(' ')}`] : []),
    ].join('  ');
  });
}

function wrapped(text, width) {
  const lines = text.match(new RegExp(`\\S.{0,${width - 3}}(?= |$)`, 'g')) ?? [];
  return lines.map((line, i) => (i === 0 ? line : `  ${line}`));
}

/** A box, and under it what the room imports. */
function box(room, width) {
  const folders = foldersOf(room);
  const text = [PURPOSE[room] ?? '', ...folders].flatMap(line => wrapped(line, width - 4));
  const used = rooms.get(room) ?? [];
  const below = used.length > 0 ? wrapped(`→ ${used.join(' ')}`, width - 4) : [];
  const line = content => `│ ${content.padEnd(width - 4)} │`;
  const body = [...text, ...(below.length > 0 ? ['', ...below] : [])];
  return [
    `┌─ ${room} ${'─'.repeat(width - 5 - room.length)}┐`,
    ...body.map(line),
    `└${'─'.repeat(width - 2)}┘`,
  ];
}

/** Boxes of one height stand side by side, as wide as they have to say. */
function floor(level) {
  const weights = level.map(room => 2 + Math.min(10, foldersOf(room).length));
  const sum = weights.reduce((a, b) => a + b, 0);
  const free = COLUMNS - (level.length - 1) - 26 * level.length;
  const boxes = level.map((room, i) => box(room, 26 + Math.floor((free * weights[i]) / sum)));
  const tallest = Math.max(...boxes.map(lines => lines.length));
  const filled = boxes.map(lines => {
    const gap = `│${' '.repeat(lines[0].length - 2)}│`;
    return [...lines.slice(0, -1), ...Array(tallest - lines.length).fill(gap), lines.at(-1)];
  });
  return filled[0].map((_, i) => filled.map(lines => lines[i]).join(' '));
}

const heights = [...new Set([...rooms.keys()].map(heightOf))].sort((a, b) => b - a);
const drawing = heights.flatMap(height => floor([...rooms.keys()].filter(room => heightOf(room) === height)));

const page = readFileSync(PAGE, 'utf8');
const [before, rest = ''] = page.split(`${BEGIN}\n`);
const after = rest.slice(rest.indexOf(END));
const drawn = `${before}${BEGIN}\n\`\`\`\n${drawing.join('\n')}\n\`\`\`\n${after}`;
if (!rest.includes(END)) throw new Error(`CONTRIBUTING.md has no place for the drawing: ${BEGIN} … ${END}`);
if (!process.argv.includes('--check')) writeFileSync(PAGE, drawn);
else if (drawn !== page) {
  console.error('The house in CONTRIBUTING.md is not that of src/ (npm run house).');
  process.exitCode = 1;
}
