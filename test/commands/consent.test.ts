/**
 * Which command lines go ahead without a question: a yes that was written or piped, and lines of a classic tool that
 * does not ask there. How an option is spelt is no consent.
 */
import { PassThrough } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { translateArguments } from '../../src/commands/classic/translate.ts';
import { asAnswer, type Input, LineReader } from '../../src/line-reader.ts';

interface Line {
  readonly typed: string;
  readonly program?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** `fix` takes the word of its caller for what redis-cli does unasked; all others are told by an option. */
function goesAhead({ typed, program = 'slotctl', env = {} }: Line): boolean {
  const translation = translateArguments(['node', `/usr/bin/${program}`, ...typed.split(' ')], env);
  if (translation.kind !== 'ready') throw new Error(`${typed} is ${translation.kind}`);
  const { words, isTheirTool } = translation;
  return words.includes('--yes') || words.includes('--cluster-yes') || (words[0] === 'fix' && isTheirTool);
}

const CHANGES: Readonly<Record<string, readonly string[]>> = {
  create: ['create a:1 b:2 c:3', 'create --replicas 1 a:1 b:2', 'create --verbose a:1 b:2 c:3'],
  fix: ['fix a:1', 'fix a:1 --timeout 60000', 'fix --timeout=60000 a:1', 'fix --verbose a:1'],
  reshard: [
    'reshard a:1 --cluster-from x --cluster-to y --cluster-slots 10',
    'reshard --from x --to y --slots 10 a:1',
    'reshard a:1 --from=x --to=y --slots=10',
    'reshard a:1 --cluster-from x --cluster-to y --cluster-slots 10 --timeout 9 --pipeline 5',
  ],
  rebalance: [
    'rebalance a:1',
    'rebalance a:1 --weight x=1.5',
    'rebalance a:1 --weight=x=1.5',
    'rebalance a:1 --use-empty-masters',
    'rebalance a:1 --auto-weights',
    'rebalance a:1 --threshold 1',
    'rebalance a:1 --timeout 9',
    'rebalance a:1 --pipeline 5',
    'rebalance a:1 --verbose',
    'rebalance a:1 --cluster-weight x=1 --cluster-use-empty-masters',
  ],
  'add-node': ['add-node n:1 a:1', 'add-node --slave n:1 a:1', 'add-node --slave --master-id x n:1 a:1'],
  'del-node': ['del-node a:1 x', 'del-node --verbose a:1 x'],
  import: [
    'import a:1 --cluster-from s:1',
    'import a:1 --from s:1',
    'import --from=s:1 a:1',
    'import --from s:1 --replace a:1',
    'import a:1 --from s:1 --copy',
  ],
};

const lines = Object.values(CHANGES).flat();
/** What redis-cli and redis-trib ask about. */
const ASKED_THERE = /^(create|reshard)\b/;

describe('by the name of slotctl', () => {
  test.each(lines)('%s asks', typed => {
    expect(goesAhead({ typed })).toBe(false);
    expect(goesAhead({ typed, env: { REDISCLI_CLUSTER_YES: '1', VALKEYCLI_CLUSTER_YES: '1' } })).toBe(false);
  });

  test.each(lines)('%s --yes does not', typed => {
    expect(goesAhead({ typed: `${typed} --yes` })).toBe(true);
    expect(goesAhead({ typed: `${typed} --cluster-yes` })).toBe(true);
  });
});

describe('by the name of redis-trib', () => {
  test.each(lines.filter(line => !line.includes('--cluster-')))('%s as it did', typed => {
    for (const program of ['redis-trib', 'redis-trib.rb'])
      expect(goesAhead({ typed, program })).toBe(!ASKED_THERE.test(typed));
  });
});

describe('with --cluster', () => {
  const theirs = [
    ...[
      'create a:1 b:2 c:3',
      'fix a:1',
      'reshard a:1',
      'rebalance a:1',
      'add-node n:1 a:1',
      'del-node a:1 x',
    ],
    'import a:1 --cluster-from s:1',
  ];
  test.each(theirs)('%s as redis-cli', line => {
    const typed = `--cluster ${line}`;
    expect(goesAhead({ typed })).toBe(!ASKED_THERE.test(line));
    expect(goesAhead({ typed: `${typed} --cluster-yes` })).toBe(true);
    for (const name of ['REDISCLI_CLUSTER_YES', 'VALKEYCLI_CLUSTER_YES']) {
      expect(goesAhead({ typed, env: { [name]: '1' } })).toBe(true);
      expect(goesAhead({ typed, env: { [name]: 'true' } })).toBe(!ASKED_THERE.test(line));
    }
  });
});

describe('an answer', () => {
  const given = (value: string): Input<string> => ({ kind: 'given', value });

  test.each(['YES', 'Yes', 'yesterday', 'y', 'ye', ' yes', 'yes ', 'yes!', 'yes\u0007', 'yes yes', 'no', ''])(
    '%j, piped, is no yes',
    word => expect(asAnswer(given(word), 'program')).toBe('no'),
  );

  test.each(['yes\n', 'yes\r\n', 'yes', 'yes\nno\n'])('%j, piped, is one', async text => {
    const pipe = new PassThrough();
    pipe.end(text);
    const reader = new LineReader(pipe as unknown as NodeJS.ReadStream, () => () => {});
    expect(asAnswer(await reader.next(), 'program')).toBe('yes');
  });

  test.each(['yes', 'Yes', ' YES '])('%j, typed by a person, is one', word => {
    expect(asAnswer(given(word), 'person')).toBe('yes');
  });

  test.each(['y', 'yesterday', 'ok', ''])('%j, typed by a person, is none', word => {
    expect(asAnswer(given(word), 'person')).toBe('no');
  });
});
