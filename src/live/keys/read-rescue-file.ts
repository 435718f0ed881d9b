/** Reads what gave way to other values, and puts it back where it belongs. Anybody may have written the file. */
import type { PutBackFailure } from '../../plan/transfer/restore.ts';
import { select } from '../../resp/commands/cluster.ts';
import { restore } from '../../resp/commands/fix.ts';
import { isRefused, NodeError } from '../../resp/errors.ts';
import type { Fleet, Lane } from '../../resp/fleet.ts';
import { InputError } from '../../topology/input-error.ts';
import { keySlot } from '../../topology/key-slot.ts';
import type { ClusterSnapshot } from '../../topology/snapshot.ts';
import { readBytes } from '../files/whole-file.ts';
import { RESCUE_FORMAT_VERSION, type RescuedValue } from './rescue-file.ts';
import { Routes } from './routes.ts';

export interface SavedRecord extends RescuedValue {
  /** When it gave way. */
  readonly time: string;
}

/** As much as V8 takes for one text, in bytes of which each is a character. */
const MOST_BYTES = 512 * 1024 * 1024;
const BEGINNING = `{"version":${RESCUE_FORMAT_VERSION},`;
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

/**
 * An InputError says which line is wrong. A line that was not finished is a value whose loser was never removed; it is the
 * last one, or others have come after it when the disk had room again.
 */
export async function readRescueFile(path: string): Promise<SavedRecord[]> {
  const bytes = await readBytes(path, { mostBytes: MOST_BYTES });
  const lines = bytes.toString('utf8').split('\n');
  return lines.flatMap((line, i) => (line.trim() === '' || isCutOff(line) ? [] : [readRecord(line, i + 1)]));
}

/** As we begin a line, and without its end. */
function isCutOff(line: string): boolean {
  return BEGINNING.startsWith(line.slice(0, BEGINNING.length)) && !line.trimEnd().endsWith('}');
}

function readRecord(line: string, number: number): SavedRecord {
  const fields = parse(line, number);
  const field = <T>(name: string, is: (value: unknown) => value is T): T => {
    const value = fields[name];
    if (!is(value)) throw new InputError(`line ${number} is no rescued value: ${name} is missing or wrong`);
    return value;
  };
  field('version', isKnownVersion);
  const ttlMs = field('ttlMs', isTimeToLive);
  return {
    key: Buffer.from(field('key', isBase64), 'base64'),
    database: field('database', isCount),
    type: field('type', isPlain),
    ...(ttlMs !== undefined && { ttlMs }),
    payload: Buffer.from(field('payload', isBase64), 'base64'),
    node: field('node', isPlain),
    slot: field('slot', isCount),
    time: field('time', isPlain),
  };
}

function parse(line: string, number: number): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value === 'object' && value !== null) return value as Readonly<Record<string, unknown>>;
  } catch {}
  throw new InputError(`line ${number} is no rescued value: it is not JSON`);
}

const isBase64 = (value: unknown): value is string => typeof value === 'string' && BASE64.test(value);
/** Nothing that a terminal would act upon. */
const isPlain = (value: unknown): value is string =>
  typeof value === 'string' && /^\P{C}{1,300}$/u.test(value);
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;
const isTimeToLive = (value: unknown): value is number | undefined => value === undefined || isCount(value);
const isKnownVersion = (value: unknown): value is number => value === RESCUE_FORMAT_VERSION;

export type PutBackOutcome = 'restored' | 'exists' | { readonly failure: PutBackFailure };

/** Each on the owner of its slot, one after the other. */
export async function* restoreValues(
  fleet: Fleet,
  snapshot: ClusterSnapshot,
  records: readonly SavedRecord[],
  replace: boolean,
): AsyncGenerator<{ readonly record: SavedRecord; readonly outcome: PutBackOutcome }> {
  const routes = new Routes(fleet, snapshot);
  for (const record of records) {
    const slot = keySlot(record.key);
    const address = routes.ownerOf(slot)?.address;
    if (!address) yield { record, outcome: { failure: { kind: 'no-owner', slot } } };
    else yield { record, outcome: await restoreOne(fleet.lane(address), record, replace) };
  }
}

async function restoreOne(
  line: Lane,
  { key, database, payload, ttlMs }: SavedRecord,
  replace: boolean,
): Promise<PutBackOutcome> {
  try {
    if (database !== 0) await line.send(select(database));
    await line.send(restore(key, { payload, ...(ttlMs !== undefined && { ttlMs }) }, replace));
    return 'restored';
  } catch (error) {
    if (isRefused(error, 'busy-key')) return 'exists';
    if (error instanceof NodeError)
      return { failure: { kind: 'node', node: error.node, message: error.message } };
    throw error;
  } finally {
    line.close();
  }
}
