/** An import as a stream for programs: one JSON object in a line. */
import type { ImportPlan } from '../../plan/transfer/import.ts';
import type { ImportEvent, ImportResult } from '../../plan/transfer/import-events.ts';
import { formatAddress } from '../../topology/node.ts';
import type { Alarm } from '../../topology/server-changes.ts';
import type { ImportHeading } from '../text/import.ts';
import { describeImportNote, describeImportProblem } from '../text/import-problem.ts';
import { alarmText, keptText, restlessText, sentAgainText } from '../text/import-verdict.ts';
import { asLine, FORMAT_VERSION, type Place, place } from './document.ts';
import type { RefusalDocument } from './refusal-document.ts';

interface Database {
  readonly database: number;
  /** Where it goes. */
  readonly into: number;
  /** What its keys are called from then on, in front of their names. */
  readonly prefix: string;
  readonly keys: number;
}

type AlarmDocument =
  | { readonly kind: 'evicted'; readonly keys: number }
  | { readonly kind: 'restarted'; readonly keysBefore: number; readonly keysNow: number }
  | { readonly kind: 'full'; readonly usedBytes: number; readonly mostBytes: number };

interface Result {
  readonly carried: number;
  readonly alreadyThere: number;
  readonly overwritten: number;
  readonly clashing: number;
  readonly outvoted: number;
  readonly giants: number;
  readonly restless: number;
  readonly isWhole: boolean;
  readonly source: { readonly before: number; readonly after: number };
  readonly cluster: { readonly before: number; readonly after: number };
  readonly check: {
    readonly oneOf: number;
    readonly missing: number;
    readonly expired: number;
    readonly deleted: number;
    readonly unseen: number;
    readonly short: number;
  };
  readonly evicted: number;
  readonly evictedAtSource: number;
  readonly restarted: readonly Place[];
  readonly restartedSources: readonly Place[];
  readonly lostAtSource?: number | undefined;
  readonly sourceMoved?: boolean | undefined;
  readonly rescueFile?: string | undefined;
}

type Content =
  | {
      readonly event: 'plan';
      readonly command: 'import';
      readonly source: {
        readonly address: string;
        readonly kind: 'cluster' | 'standalone';
        readonly nodes: readonly {
          readonly address: string;
          readonly product: 'redis' | 'valkey';
          readonly version: string;
        }[];
      };
      readonly copy: boolean;
      readonly throughHere: boolean;
      readonly databases: readonly Database[];
      readonly keys: number;
    }
  | ({ readonly event: 'database' } & Database)
  | {
      readonly event: 'imported';
      readonly keys: number;
      readonly to: string;
      readonly names?: readonly string[] | undefined;
    }
  | { readonly event: 'clash'; readonly key: string; readonly database: number; readonly node: string }
  | {
      readonly event: 'note';
      readonly text: string;
      readonly keys?: number;
      readonly nodes?: readonly string[];
    }
  | { readonly event: 'failed'; readonly text: string; readonly alarm?: AlarmDocument }
  | { readonly event: 'interrupted' }
  | ({ readonly event: 'result' } & Result);

/** Refusals and the end are written as by all commands. */
export type ImportEventLine = { readonly version: 1 } & (
  | Content
  | {
      readonly event: 'refused';
      readonly command: 'import';
      readonly refusals: readonly (RefusalDocument & { readonly text: string })[];
    }
  | { readonly event: 'end'; readonly command: 'import'; readonly code: number; readonly text: string }
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

function database({ database: number, into, prefix, keys }: Database): Database {
  return { database: number, into, prefix, keys };
}

function alarmDocument(alarm: Alarm): AlarmDocument {
  switch (alarm.kind) {
    case 'evicted':
      return { kind: alarm.kind, keys: alarm.keys };
    case 'restarted':
      return { kind: alarm.kind, keysBefore: alarm.keysBefore, keysNow: alarm.keysNow };
    case 'full':
      return { kind: alarm.kind, usedBytes: alarm.usedBytes, mostBytes: alarm.mostBytes };
  }
}

function resultOf(result: ImportResult): Result {
  const { carried, alreadyThere, overwritten, clashing, outvoted, giants, restless, isWhole } = result;
  const { source, cluster, evicted, evictedAtSource, lostAtSource, sourceMoved, rescueFile } = result;
  const { oneOf, missing, expired, deleted, unseen, short } = result.check;
  return {
    ...{ carried, alreadyThere, overwritten, clashing, outvoted, giants, restless, isWhole },
    source: { before: source.before, after: source.after },
    cluster: { before: cluster.before, after: cluster.after },
    check: { oneOf, missing, expired, deleted, unseen, short },
    ...{ evicted, evictedAtSource, lostAtSource, sourceMoved, rescueFile },
    restarted: result.restarted.map(place),
    restartedSources: result.restartedSources.map(place),
  };
}

function line(one: Content): string {
  const whole: ImportEventLine = { version: FORMAT_VERSION, ...one };
  return asLine(whole);
}
