/** A key of a backup, as it is sent. */
import type { RdbEntry } from '../../rdb/listener.ts';

export interface Parcel extends Omit<RdbEntry, 'value' | 'type'> {
  readonly slot: number;
  readonly payload: Buffer;
}
