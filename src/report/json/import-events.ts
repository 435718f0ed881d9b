/** An import as a stream for programs: one JSON object in a line. */
import type { ImportPlan } from '../../plan/transfer/import.ts';
import type { ImportEvent, ImportResult } from '../../plan/transfer/import-events.ts';
import { formatAddress } from '../../topology/node.ts';
import type { Alarm } from '../../topology/server-changes.ts';
import type { ImportHeading } from '../text/import.ts';
import { describeImportNote, describeImportProblem } from '../text/import-problem.ts';
import { alarmText, keptText, restlessText, sentAgainText } from '../text/import-verdict.ts';
import { asLine, FORMAT_VERSION, type Place, place } from './document.ts';
import { byKind, each, fields } from './fields.ts';
import type { RefusalDocument } from './refusals.ts';

interface Database {
  readonly database: number;
  /** Where it goes. */
  readonly into: number;
  /** What its keys are called from then on, in front of their names. */
  readonly prefix: string;
  readonly keys: number;
}

type AlarmDocument =
  | { kind: 'evicted'; keys: number }
  | { kind: 'restarted'; keysBefore: number; keysNow: number }
  | { kind: 'full'; usedBytes: number; mostBytes: number };

interface Result {
  carried: number;
  alreadyThere: number;
  overwritten: number;
  clashing: number;
  outvoted: number;
  giants: number;
  restless: number;
  isWhole: boolean;
  source: { before: number; after: number };
  cluster: { before: number; after: number };
  check: { oneOf: number; missing: number; expired: number; deleted: number; unseen: number; short: number };
  evicted: number;
  evictedAtSource: number;
  restarted: readonly Place[];
  restartedSources: readonly Place[];
  lostAtSource?: number;
  sourceMoved?: boolean;
  rescueFile?: string;
}

type Content =
  | {
      event: 'plan';
      command: 'import';
      source: {
        address: string;
        kind: 'cluster' | 'standalone';
        nodes: readonly { address: string; product: 'redis' | 'valkey'; version: string }[];
      };
      copy: boolean;
      throughHere: boolean;
      databases: readonly Database[];
      keys: number;
    }
  | ({ event: 'database' } & Database)
  | { event: 'imported'; keys: number; to: string; names?: readonly string[] | undefined }
  | { event: 'clash'; key: string; database: number; node: string }
  | { event: 'note'; text: string; keys?: number; nodes?: readonly string[] }
  | { event: 'failed'; text: string; alarm?: AlarmDocument }
  | { event: 'interrupted' }
  | ({ event: 'result' } & Result);

/** Refusals and the end are written as by all commands. */
export type ImportEventLine = { version: 1 } & (
  | Content
  | { event: 'refused'; command: 'import'; refusals: readonly (RefusalDocument & { text: string })[] }
  | { event: 'end'; command: 'import'; code: number; text: string }
);

export function importPlanLine(plan: ImportPlan, { from, copy }: ImportHeading): string {
  const { nodes, cluster } = plan.source;
  return line({
    event: 'plan',
    command: 'import',
    source: {
      address: formatAddress(from),
      kind: cluster ? 'cluster' : 'standalone',
      nodes: nodes.map(({ address, server: { product, version } }) => {
        return { address: formatAddress(address), product, version };
      }),
    },
    copy,
    throughHere: plan.throughHere,
    databases: plan.databases.map(database),
    keys: plan.keys,
  });
}

export function importEventLine(event: ImportEvent): string {
  return line(content(event));
}

function content(event: ImportEvent): Content {
  switch (event.kind) {
    case 'database-began':
      return { event: 'database', ...database(event.database) };
    case 'carried':
      return { event: 'imported', keys: event.keys, to: formatAddress(event.to), names: event.names };
    case 'clash': {
      const { kind, key, database: number, node } = event;
      return { event: kind, key, database: number, node: formatAddress(node) };
    }
    case 'noted':
      return { event: 'note', text: describeImportNote(event.note) };
    case 'restless':
      return { event: 'note', text: restlessText(event), keys: event.keys };
    case 'sent-again': {
      const { keys, nodes } = event;
      return { event: 'note', text: sentAgainText(event), keys, nodes: nodes.map(formatAddress) };
    }
    case 'kept':
      return { event: 'note', text: keptText(event), nodes: event.nodes.map(formatAddress) };
    case 'alarmed':
      return { event: 'failed', text: alarmText(event), alarm: alarmDocument(event.alarm) };
    case 'failed':
      return { event: 'failed', text: describeImportProblem(event.problem) };
    case 'interrupted':
      return { event: 'interrupted' };
    case 'counted':
      return { event: 'result', ...resultOf(event.result) };
  }
}

const database = fields<Database, Database>({ database: true, into: true, prefix: true, keys: true });

const alarmDocument = byKind<Alarm, AlarmDocument>({
  evicted: { keys: true },
  restarted: { keysBefore: true, keysNow: true },
  full: { usedBytes: true, mostBytes: true },
});

const beforeAndAfter = fields<Result['source'], Result['source']>({ before: true, after: true });

const resultOf = fields<ImportResult, Result>({
  carried: true,
  alreadyThere: true,
  overwritten: true,
  clashing: true,
  outvoted: true,
  giants: true,
  restless: true,
  isWhole: true,
  source: beforeAndAfter,
  cluster: beforeAndAfter,
  check: fields({ oneOf: true, missing: true, expired: true, deleted: true, unseen: true, short: true }),
  evicted: true,
  evictedAtSource: true,
  lostAtSource: true,
  sourceMoved: true,
  rescueFile: true,
  restarted: each(place),
  restartedSources: each(place),
});

function line(one: Content): string {
  const whole: ImportEventLine = { version: FORMAT_VERSION, ...one };
  return asLine(whole);
}
