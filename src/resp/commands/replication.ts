/** What a replica says to its primary before it is given the data. */
import type { Command } from '../command.ts';
import { asOk, asText, ReplyShapeError } from '../reply.ts';

/** The data and nothing after them, so that the node need not save up what is written meanwhile (Redis 7.0). */
export function onlyTheData(): Command<void> {
  return { args: ['REPLCONF', 'rdb-only', '1'], decode: asOk };
}

/** The data may end in a mark: the node need not know how much they are before it sends them. */
export function takesMarkedEnd(): Command<void> {
  return { args: ['REPLCONF', 'capa', 'eof'], decode: asOk };
}

/**
 * Valkey 9.1 writes the data so that a server of this version can load them; without it, for one that is so old that it
 * knows no hashes of which fields expire, and where there are any it breaks off.
 */
export function loadsAsVersion(version: string): Command<void> {
  return { args: ['REPLCONF', 'version', version], decode: asOk };
}

export interface FullCopy {
  /** Which history the data belong to, and how far it had come. */
  readonly replicationId: string;
  readonly offset: number;
}

/** Of no history known here, so that everything is sent. */
export function wantEverything(): Command<FullCopy> {
  return {
    args: ['PSYNC', '?', '-1'],
    decode: reply => {
      const [, replicationId = '', offset] =
        /^FULLRESYNC ([0-9a-z]{40}) (\d{1,15})$/.exec(asText(reply)) ?? [];
      if (offset === undefined) throw new ReplyShapeError('it does not begin a full copy');
      return { replicationId, offset: Number(offset) };
    },
  };
}
