// Writes schemas/ from the types in src/report/json/, which are what programs may rely on. With --check it writes nothing,
// and says which are not what they would be.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { createGenerator } from 'ts-json-schema-generator';

const ROOT = fileURLToPath(new URL('../', import.meta.url));
const line = command => `A line of what \`slotctl ${command} --json\` prints.`;
const FAMILIES = {
  check: ['CheckDocument', 'What `slotctl check --json` prints.'],
  info: ['InfoDocument', 'What `slotctl info --json` prints.'],
  call: ['CallDocument', 'What `slotctl call --json` prints.'],
  'set-timeout': ['SetTimeoutDocument', 'What `slotctl set-timeout --json` prints.'],
  'change-event': ['ChangeEvent', 'A line of what commands that change a cluster print with `--json`.'],
  'import-event': ['ImportEventLine', line('import')],
  'backup-event': ['BackupEventLine', line('backup')],
  'restore-event': ['RestoreEventLine', line('restore')],
  'rescue-event': ['RescueEventLine', line('rescue')],
};

const generator = createGenerator({
  path: `${ROOT}src/report/json/*.ts`,
  tsconfig: `${ROOT}tsconfig.json`,
  // A later version may have more.
  additionalProperties: true,
  skipTypeCheck: true,
  topRef: false,
});
const outdated = [];
mkdirSync(`${ROOT}schemas`, { recursive: true });
for (const [name, [type, description]] of Object.entries(FAMILIES)) {
  const { $schema: _, ...schema } = generator.createSchema(type);
  const head = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: `slotctl ${name}`,
    description,
  };
  const text = `${JSON.stringify(modern({ ...head, ...schema }), undefined, 1)}\n`;
  const path = `${ROOT}schemas/${name}.json`;
  if (!process.argv.includes('--check')) writeFileSync(path, text);
  else if (readFileSync(path, 'utf8') !== text) outdated.push(name);
}
if (outdated.length > 0) {
  console.error(`schemas/ does not say what src/report/json/ does: ${outdated.join(', ')} (npm run schemas)`);
  process.exitCode = 1;
}

/** Draft 2020-12 has other names for tuples and definitions. */
function modern(value) {
  if (Array.isArray(value)) return value.map(modern);
  if (typeof value === 'string') return value.replace(/^#\/definitions\//, '#/$defs/');
  if (value === null || typeof value !== 'object') return value;
  const { definitions, items, ...rest } = value;
  const plain = Object.fromEntries(Object.entries(rest).map(([key, one]) => [key, modern(one)]));
  if (Array.isArray(items)) Object.assign(plain, { prefixItems: modern(items), items: false });
  else if (items !== undefined) plain.items = modern(items);
  if (definitions) plain.$defs = modern(definitions);
  return plain;
}
