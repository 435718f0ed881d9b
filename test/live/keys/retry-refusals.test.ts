import { describe, expect, test } from 'vitest';
import { mayPassElsewhere, mayPassSoon, Patience } from '../../../src/live/keys/retry-refusals.ts';
import { ConnectionLostError, ServerRefusalError } from '../../../src/resp/errors.ts';

const refusal = (text: string) => new ServerRefusalError('127.0.0.1:7000', 'RESTORE', text);

describe('which refusals pass by themselves', () => {
  const PASS = [
    'TRYAGAIN Multiple keys request during rehashing of slot',
    'CLUSTERDOWN The cluster is down',
    'LOADING Redis is loading the dataset in memory',
    'BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.',
    'NOREPLICAS Not enough good replicas to write.',
    "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
    'IOERR error or timeout reading to target instance',
    'ERR Target instance replied with error: NOREPLICAS Not enough good replicas to write.',
  ];
  /** Another node takes it, for who asks where the key belongs by now. */
  const PASS_ELSEWHERE = [
    'MOVED 866 127.0.0.1:7001',
    'ASK 866 127.0.0.1:7001',
    "READONLY You can't write against a read only replica.",
  ];
  const STAY = [
    'BUSYKEY Target key name already exists.',
    "OOM command not allowed when used memory > 'maxmemory'.",
    "NOPERM this user has no permissions to run the 'restore' command",
    'ERR DUMP payload version or checksum are wrong',
    'MISCONF Errors writing to the AOF file: No space left on device',
  ];
  const rows = [
    ...PASS.map(text => [text, true, true] as const),
    ...PASS_ELSEWHERE.map(text => [text, false, true] as const),
    ...STAY.map(text => [text, false, false] as const),
  ];
  test.each(rows)('%s: here %s, elsewhere %s', (text, here, elsewhere) => {
    expect([mayPassSoon(refusal(text)), mayPassElsewhere(refusal(text))]).toEqual([here, elsewhere]);
  });

  test('a connection that was lost is no refusal', () => {
    expect(mayPassElsewhere(new ConnectionLostError('127.0.0.1:7000', 'LOADING'))).toBe(false);
  });
});

describe('patience', () => {
  test('waits longer and longer, up to a second', () => {
    const patience = new Patience(() => 0);
    const waits = Array.from({ length: 7 }, () => [patience.isFresh, patience.nextWaitMs()]);
    expect(waits).toEqual([
      [true, 50],
      [false, 100],
      [false, 200],
      [false, 400],
      [false, 800],
      [false, 1000],
      [false, 1000],
    ]);
  });

  test('ends half a minute after the last thing that came of it', () => {
    let now = 0;
    const patience = new Patience(() => now);
    now = 29_999;
    expect(patience.isOver).toBe(false);
    patience.renew();
    now = 59_998;
    expect(patience.isOver).toBe(false);
    now = 59_999;
    expect(patience.isOver).toBe(true);
  });
});
