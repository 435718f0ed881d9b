/** What a backup says of itself: a file that is written last, so that a backup without it is not a whole one. */
import { InputError } from '../../topology/input-error.ts';
import { SlotSet } from '../../topology/slot-set.ts';
import { isObject, type JsonObject, shown } from './read-value.ts';

const FORMAT = 'slotctl-backup';
const VERSION = 1;
const MOST_CHARACTERS = 20_000_000;

export interface SavedDump {
  /** In the folder of the backup. */
  readonly file: string;
  readonly node: string;
  readonly address: string;
  readonly role: 'primary' | 'replica';
  readonly primary: string;
  readonly slots: SlotSet;
  readonly product: string;
  readonly serverVersion: string;
  readonly rdbVersion: number;
  readonly bytes: number;
  readonly sha256: string;
  readonly replicationId: string;
  readonly offset: number;
  /** By database; absent where the file holds what this version cannot read. */
  readonly keys?: Readonly<Record<string, number>>;
  readonly functionLibraries?: number;
}

export function manifestDocument(dumps: readonly SavedDump[], time: string): string {
  const written = dumps.map(dump => ({ ...dump, slots: `${dump.slots}` }));
  return `${JSON.stringify({ format: FORMAT, version: VERSION, time, dumps: written }, undefined, 2)}\n`;
}

/** What a restore goes by. */
export interface ExpectedDump {
  readonly file: string;
  readonly bytes?: number;
  readonly sha256?: string;
  /** In all databases. */
  readonly keys?: number;
  /** What its shard owned: keys of other slots may be left from a move that was broken off. */
  readonly slots?: SlotSet;
}

export interface SavedBackup {
  readonly dumps: readonly ExpectedDump[];
  /** When it was made, where that is known. */
  readonly time?: string;
}

/** Nothing that leads out of the folder. An IPv6 address may have a zone (`fe80::1%eth0`). */
const FILE = /^(redis|valkey)-node-[\w.:%-]{1,300}-\d{1,5}-[0-9a-f]{40}\.rdb$/;
export const NOT_IN_NAMES = /[^\w.:%-]/g;
const SHA256 = /^[0-9a-f]{64}$/;
const TIME = /^[\d:.TZ-]{10,40}$/;

export function isDumpFile(name: string): boolean {
  return FILE.test(name);
}

/** Anybody may have written the file. An InputError says what is wrong with it. */
export function readManifest(text: string): SavedBackup {
  const document = asFields(parse(text), 'manifest.json');
  if (document['format'] !== FORMAT || document['version'] !== VERSION)
    throw new InputError('manifest.json is not of a kind that this version of slotctl can read');
  const dumps = asList(document['dumps'], 'dumps').map((value, i) => readDump(asFields(value, `dump ${i}`)));
  return { dumps, time: asText(document['time'], TIME, 'time') };
}

function readDump({ file, bytes, sha256, keys, slots }: JsonObject): ExpectedDump {
  return {
    slots: asSlots(slots),
    file: asText(file, FILE, 'file'),
    bytes: asCount(bytes, 'bytes'),
    sha256: asText(sha256, SHA256, 'sha256'),
    ...(keys !== undefined && { keys: sum(Object.values(asFields(keys, 'keys'))) }),
  };
}

function sum(counts: readonly unknown[]): number {
  return counts.reduce<number>((total, count) => total + asCount(count, 'keys'), 0);
}

/** What the servers' own tools leave: which nodes there were, and no more. */
export function readNodesJson(text: string, files: readonly string[]): SavedBackup {
  const nodes = asList(parse(text), 'nodes.json').map((value, i) => asFields(value, `node ${i}`));
  const primaries = nodes.filter(node => node['replicate'] === null);
  return { dumps: primaries.map(node => ({ file: fileOf(asText(node['name'], NODE, 'name'), files) })) };
}

const NODE = /^[0-9a-f]{40}$/;

function fileOf(id: string, files: readonly string[]): string {
  const file = files.find(name => isDumpFile(name) && name.endsWith(`-${id}.rdb`));
  if (file === undefined)
    throw new InputError(`there is no file with the data of ${id}, which nodes.json names`);
  return file;
}

function parse(text: string): unknown {
  if (text.length > MOST_CHARACTERS) throw new InputError('what describes the backup is far too long');
  try {
    return JSON.parse(text);
  } catch {
    throw new InputError('what describes the backup is not JSON');
  }
}

function asFields(value: unknown, name: string): JsonObject {
  return isObject(value) ? value : wrong(name, value);
}

function asList(value: unknown, name: string): readonly unknown[] {
  return Array.isArray(value) ? value : wrong(name, value);
}

function asText(value: unknown, pattern: RegExp, name: string): string {
  return typeof value === 'string' && pattern.test(value) ? value : wrong(name, value);
}

const SLOTS = /^[\d,-]{0,100000}$/;

function asSlots(value: unknown): SlotSet {
  return SlotSet.parse(asText(value, SLOTS, 'slots'));
}

function asCount(value: unknown, name: string): number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : wrong(name, value);
}

function wrong(name: string, value: unknown): never {
  throw new InputError(`what describes the backup is damaged: ${name} cannot be ${shown(value)}`);
}
