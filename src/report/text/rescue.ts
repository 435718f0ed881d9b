/** Values that gave way to others, as a list. */

import type { PutBackFailure } from '../../plan/transfer/restore.ts';
import type { Paint } from '../paint.ts';
import { columns } from './columns.ts';
import { bytes, count } from './names.ts';

export function describePutBackFailure(failure: PutBackFailure): string {
  return failure.kind === 'no-owner'
    ? `nobody owns slot ${failure.slot}`
    : `${failure.node}: ${failure.message}`;
}

export interface ListedValue {
  /** As it can be shown. */
  readonly key: string;
  readonly database: number;
  readonly type: string;
  readonly ttlMs?: number;
  readonly bytes: number;
  readonly node: string;
  readonly slot: number;
  readonly time: string;
}

export function renderRescued(values: readonly ListedValue[], paint: Paint): string {
  const rows = values.map(value => [
    value.key,
    `${value.database}`,
    value.type,
    value.ttlMs === undefined ? '-' : `${Math.ceil(value.ttlMs / 1000)} s`,
    bytes(value.bytes),
    `${value.slot}`,
    value.node,
    value.time,
  ]);
  const table =
    rows.length === 0
      ? []
      : columns(['key', 'database', 'type', 'ttl', 'size', 'slot', 'was on', 'replaced'], rows, paint);
  return `${[...table, `${count(values.length, 'value')}.`].join('\n')}\n`;
}
