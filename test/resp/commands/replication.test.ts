/** What goes over the wire when data are asked for as a replica does, and when they are put back. */
import { describe, expect, test } from 'vitest';
import type { Command } from '../../../src/resp/command.ts';
import {
  loadsAsVersion,
  onlyTheData,
  takesMarkedEnd,
  wantEverything,
} from '../../../src/resp/commands/replication.ts';
import { functionLoad, restoreValue } from '../../../src/resp/commands/restore.ts';
import { ReplyShapeError } from '../../../src/resp/reply.ts';

const key = Buffer.from('key');
const payload = Buffer.from([0, 1, 2]);

describe('the words', () => {
  const table: readonly [Command<unknown>, readonly (string | Buffer)[]][] = [
    [onlyTheData(), ['REPLCONF', 'rdb-only', '1']],
    [takesMarkedEnd(), ['REPLCONF', 'capa', 'eof']],
    [loadsAsVersion('9.1.2'), ['REPLCONF', 'version', '9.1.2']],
    [wantEverything(), ['PSYNC', '?', '-1']],
    [restoreValue(key, { payload }, false), ['RESTORE', key, '0', payload]],
    [
      restoreValue(key, { payload, expiresAtMs: 1_700_000_000_000, idleSeconds: 60 }, true),
      ['RESTORE', key, '1700000000000', payload, 'REPLACE', 'ABSTTL', 'IDLETIME', '60'],
    ],
    [restoreValue(key, { payload, frequency: 5 }, false), ['RESTORE', key, '0', payload, 'FREQ', '5']],
    [functionLoad(payload, false), ['FUNCTION', 'LOAD', payload]],
    [functionLoad(payload, true), ['FUNCTION', 'LOAD', 'REPLACE', payload]],
  ];
  test.each(table)('%j', (command, words) => {
    expect(command.args).toEqual(words);
  });
});

describe('the answer to PSYNC', () => {
  const id = 'a'.repeat(40);

  test('names the history and how far it had come', () => {
    expect(wantEverything().decode(Buffer.from(`FULLRESYNC ${id} 1234`))).toEqual({
      replicationId: id,
      offset: 1234,
    });
  });

  test.each(['CONTINUE', `FULLRESYNC ${id}`, `FULLRESYNC ${id} -1`, 'OK'])('is not %s', text => {
    expect(() => wantEverything().decode(Buffer.from(text))).toThrow(ReplyShapeError);
  });
});
