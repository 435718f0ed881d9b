/**
 * What is printed with --json, held against schemas/. There a later version may have more fields; here there is none that
 * the schema does not know.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';

const FOLDER = fileURLToPath(new URL('../../schemas/', import.meta.url));

type Schema = Readonly<Record<string, unknown>>;

function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Every object with named fields has these and no others. */
function closed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(closed);
  if (!isSchema(value)) return value;
  const inner = Object.fromEntries(Object.entries(value).map(([key, one]) => [key, closed(one)]));
  return isSchema(value['properties']) && value['type'] === 'object'
    ? { additionalProperties: false, ...inner }
    : inner;
}

const ajv = new Ajv2020({ allowUnionTypes: true });
const validators = new Map<string, ValidateFunction>();

function validatorFor(name: string): ValidateFunction {
  const known = validators.get(name);
  if (known) return known;
  const schema: unknown = JSON.parse(readFileSync(`${FOLDER}${name}.json`, 'utf8'));
  const whole = closed(schema);
  const validator = ajv.compile(isSchema(whole) ? whole : {});
  validators.set(name, validator);
  return validator;
}

/** Which lines a command prints; all others print those of a change. */
const EVENTS: Readonly<Record<string, string>> = {
  import: 'import-event',
  backup: 'backup-event',
  restore: 'restore-event',
  rescue: 'rescue-event',
};

export function schemaNames(): string[] {
  return readdirSync(FOLDER).map(name => name.replace(/\.json$/, ''));
}

/** What is wrong with one document or event; nothing, as a rule. */
export function breachOf(name: string, value: unknown): string | undefined {
  if (!schemaNames().includes(name)) return `there is no schema ${name}`;
  const validate = validatorFor(name);
  if (validate(value)) return undefined;
  const why = validate.errors?.map(({ instancePath, message, params }) => {
    return `${instancePath} ${message} ${JSON.stringify(params)}`;
  });
  return `not as schemas/${name}.json has it: ${JSON.stringify(value)}\n${why?.slice(0, 30).join('\n')}`;
}

/** Of a whole run. `isCut`: it was ended by force, so that the last line may not be all there. */
export function expectContract(args: readonly string[], stdout: string, isCut: boolean): void {
  const isJson = args.includes('--json') || args.join(' ').includes('--format json');
  if (!isJson || !stdout.startsWith('{')) return;
  const format = /^\{\s*"format":\s*"slotctl-([\w-]+)"/.exec(stdout)?.[1];
  if (format !== undefined) {
    const breach = isCut && !stdout.endsWith('}\n') ? undefined : breachOf(format, JSON.parse(stdout));
    if (breach !== undefined) throw new Error(breach);
    return;
  }
  const command = args.find(word => word in EVENTS);
  const name = command === undefined ? 'change-event' : (EVENTS[command] ?? '');
  for (const line of stdout.slice(0, stdout.lastIndexOf('\n')).split('\n')) {
    const breach = breachOf(name, JSON.parse(line));
    if (breach !== undefined) throw new Error(breach);
  }
}
