/**
 * Exit code 0 means that every key is there: what moves or copies keys is run while servers evict, come back empty, cannot
 * write, or give slots away; a client of its own has written the keys and looks for them.
 */
import { afterAll, describe, expect, test } from 'vitest';
import type { ServerBuild } from '../../support/servers.ts';
import { LIMIT_MS, type Played, repeating, report, SERVERS, turnsOf, untilItStrikes } from '../long-form.ts';
import { playRound } from './round.ts';
import { moversFor, nameOf, ROWS, type Row, SHORT } from './rows.ts';
import { Tally } from './tally.ts';

const tally = new Tally();

describe.concurrent.each(SERVERS)('$name', build => {
  test(
    'no end with 0 while a key is missing',
    async () => {
      const wrong: string[] = [];
      for (const row of ROWS) {
        for (const turn of turnsOf(nameOf(row), build, moversFor(row, build), SHORT)) {
          const objection = await play(build, row, turn);
          if (objection !== undefined) wrong.push(`${repeating(turn, 'losses')}\n${objection}`);
        }
      }
      expect(wrong.join('\n\n')).toBe('');
    },
    LIMIT_MS,
  );
});

async function play(build: ServerBuild, row: Row, { mover, seed }: Played): Promise<string | undefined> {
  try {
    const { objection } = await untilItStrikes(seed, async other => {
      const result = await playRound({ build, ...row, mover, seed: other });
      tally.add(nameOf(row), result);
      // Where the work has failed, it has struck, though the work may have ended before the server was back.
      const hasStruck = result.midway || result.code !== 0;
      // What is wrong is told, whether or not it came late.
      return { ...result, midway: hasStruck || result.objection !== undefined };
    });
    return objection;
  } catch (error) {
    tally.add(nameOf(row), { code: -1, midway: false, missing: 0, objection: 'not played' });
    return `${error instanceof Error ? error.stack : error}`;
  }
}

afterAll(() => report('losses', tally));
