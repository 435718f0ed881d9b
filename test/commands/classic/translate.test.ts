/** Command lines of redis-cli, valkey-cli and redis-trib, line by line, and the native ones that they become. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { translateArguments } from '../../../src/commands/classic/translate.ts';

type Env = Readonly<Record<string, string>>;

const ID = 'b47deb9e70a0b95caff33e866fa86893d09df89b';

function translate(line: string, env: Env = {}, program = '/usr/bin/slotctl') {
  return translateArguments(['node', program, ...line.replace(/\bID\b/g, ID).split(' ')], env);
}

/** The native words, or what is wrong. */
function becomes(line: string, env?: Env, program?: string): string {
  const translation = translate(line, env, program);
  if (translation.kind === 'wrong') return `wrong: ${translation.text}`;
  return translation.kind === 'ready' ? translation.words.join(' ').replaceAll(ID, 'ID') : translation.kind;
}

function conventions(line: string, program?: string): string {
  const translation = translate(line, {}, program);
  return translation.kind === 'ready' ? translation.conventions : translation.kind;
}

type Rows = readonly (readonly [typed: string, native: string])[];

describe('what redis-cli documents', () => {
  const rows: Rows = [
    ['--cluster create a:1 b:2 c:3', 'create a:1 b:2 c:3'],
    ['--cluster create a:1 b:2 --cluster-replicas 1', 'create --cluster-replicas=1 a:1 b:2'],
    ['--cluster create --cluster-replicas 1 a:1 b:2', 'create --cluster-replicas=1 a:1 b:2'],
    ['--cluster create a:1 --cluster-yes', 'create --yes a:1'],
    ['--cluster check a:1', 'check a:1'],
    ['--cluster check a 1', 'check a 1'],
    ['--cluster check ::1:7000', 'check ::1:7000'],
    ['--cluster check a:1@11', 'check a:1@11'],
    ['--cluster check a:1 --cluster-search-multiple-owners', 'check --search-multiple-owners a:1'],
    ['--cluster info a:1', 'info a:1'],
    ['--cluster info a 1', 'info a 1'],
    ['--cluster fix a:1', 'fix a:1'],
    [
      '--cluster fix a:1 --cluster-search-multiple-owners --cluster-fix-with-unreachable-masters',
      'fix --search-multiple-owners --cluster-fix-with-unreachable-masters a:1',
    ],
    ['--cluster reshard a:1', 'reshard a:1'],
    [
      '--cluster reshard a:1 --cluster-from ID --cluster-to ID --cluster-slots 10 --cluster-yes --cluster-timeout 9 --cluster-pipeline 5 --cluster-replace',
      'reshard --yes --cluster-from=ID --cluster-to=ID --cluster-slots=10 --cluster-timeout=9 --cluster-pipeline=5 --cluster-replace a:1',
    ],
    [
      '--cluster reshard a 1 --cluster-from all --cluster-to ID',
      'reshard --cluster-from=all --cluster-to=ID a 1',
    ],
    ['--cluster rebalance a:1', 'rebalance --yes a:1'],
    [
      '--cluster rebalance a:1 --cluster-weight x=1 y=2.5 --cluster-use-empty-masters --cluster-simulate --cluster-threshold 5',
      'rebalance --yes --cluster-weight=x=1 --cluster-weight=y=2.5 --cluster-use-empty-masters --cluster-simulate --cluster-threshold=5 a:1',
    ],
    [
      '--cluster rebalance --cluster-weight x=1 y=2 a:1',
      'rebalance --yes --cluster-weight=x=1 --cluster-weight=y=2 a:1',
    ],
    [
      '--cluster rebalance a:1 --cluster-timeout 9 --cluster-pipeline 5 --cluster-replace',
      'rebalance --yes --cluster-timeout=9 --cluster-pipeline=5 --cluster-replace a:1',
    ],
    ['--cluster add-node n:1 a:1', 'add-node --yes n:1 a:1'],
    [
      '--cluster add-node n:1 a:1 --cluster-slave --cluster-master-id ID',
      'add-node --yes --replica --cluster-master-id=ID n:1 a:1',
    ],
    ['--cluster del-node a:1 ID', 'del-node --yes a:1 ID'],
    ['--cluster call a:1 config get maxmemory', 'call -- a:1 config get maxmemory'],
    ['--cluster call a:1 dbsize --cluster-only-masters', 'call --cluster-only-masters -- a:1 dbsize'],
    ['--cluster call --cluster-only-replicas a:1 dbsize', 'call --cluster-only-replicas -- a:1 dbsize'],
    ['--cluster set-timeout a:1 15000', 'set-timeout a:1 15000'],
    [
      '--cluster import a:1 --cluster-from s:1 --cluster-copy --cluster-replace',
      'import --yes --databases=0 --cluster-from=s:1 --cluster-copy --cluster-replace a:1',
    ],
    [
      '--cluster import a:1 --cluster-from s:1 --cluster-from-user u --cluster-from-pass p --cluster-from-askpass',
      'import --yes --databases=0 --cluster-from=s:1 --cluster-from-user=u --cluster-from-pass=p --cluster-from-askpass a:1',
    ],
    ['--cluster backup a:1 /dir', 'backup --replace a:1 /dir'],
  ];
  test.each(rows)('%s', (typed, native) => {
    expect(becomes(typed)).toBe(native);
    expect(conventions(typed)).toBe('classic');
  });
});

describe('what valkey-cli calls otherwise', () => {
  const rows: Rows = [
    ['--cluster call a:1 dbsize --cluster-only-primaries', 'call --cluster-only-masters -- a:1 dbsize'],
    [
      '--cluster add-node n:1 a:1 --cluster-replica --cluster-primary-id ID',
      'add-node --yes --replica --cluster-master-id=ID n:1 a:1',
    ],
    [
      '--cluster add-node n:1 a:1 --cluster-replica --cluster-primaries-id ID',
      'add-node --yes --replica --cluster-master-id=ID n:1 a:1',
    ],
    [
      '--cluster rebalance a:1 --cluster-use-empty-primaries',
      'rebalance --yes --cluster-use-empty-masters a:1',
    ],
    [
      '--cluster fix a:1 --cluster-fix-with-unreachable-primaries',
      'fix --cluster-fix-with-unreachable-masters a:1',
    ],
    ['--cluster rebalance a:1 --cluster-use-atomic-slot-migration', 'rebalance --yes --mover=atomic a:1'],
  ];
  test.each(rows)('%s', (typed, native) => expect(becomes(typed)).toBe(native));
});

describe('getting in', () => {
  const rows: Rows = [
    ['-a pw --cluster check a:1', 'check --pass=pw a:1'],
    ['--cluster check a:1 -a pw --no-auth-warning', 'check --pass=pw --no-auth-warning a:1'],
    ['--pass pw --user u --cluster check a:1', 'check --pass=pw --user=u a:1'],
    ['--cluster check a:1 -a -dash', 'check --pass=-dash a:1'],
    ['--askpass --cluster check a:1', 'check --askpass a:1'],
    // Of which only the login counts.
    ['-u redis://u:p%40@h:1 --cluster check a:1', 'check --user=u --pass=p@ a:1'],
    ['-u valkeys://h:1 --cluster call a:1 ping', 'call --tls -- a:1 ping'],
    [
      '-u nonsense --cluster check a:1',
      'wrong: the URI is malformed; write redis://[user:password@]host:port',
    ],
    [
      '--tls --sni n --cacert f --cacertdir d --cert c --key k --insecure --cluster check a:1',
      'check --tls --sni=n --cacert=f --cacertdir=d --cert=c --key=k --insecure a:1',
    ],
    ['-t 1.5 --cluster check a:1', 'check --connect-timeout=1.5 a:1'],
    // For ever; we have a limit all the same.
    ['-t 0 --cluster check a:1', 'check a:1'],
    // None of these chooses the node, nor does it with redis-cli.
    ['-h host -p 7000 -s sock -n 3 -c --raw -4 -2 --cluster check a:1', 'check a:1'],
    ['--cluster check a:1 --verbose', 'check a:1'],
    [
      '--cluster import a:1 --cluster-from s:1 --verbose',
      'import --yes --databases=0 --cluster-from=s:1 --verbose a:1',
    ],
    // Ours goes along.
    ['--cluster check a:1 --json --reply-timeout 2 --trace', 'check --json --reply-timeout=2 --trace a:1'],
    ['--cluster create a:1 --force-few-primaries', 'create --force-few-primaries a:1'],
    ['--cluster rebalance a:1 --dry-run', 'rebalance --yes --dry-run a:1'],
  ];
  test.each(rows)('%s', (typed, native) => expect(becomes(typed)).toBe(native));
});

describe('help', () => {
  const rows: Rows = [
    ['--cluster check --help', 'check --help'],
    ['--cluster reshard -h', 'reshard --help'],
  ];
  test.each(rows)('%s', (typed, native) => expect(becomes(typed)).toBe(native));
});

describe('whether questions are asked', () => {
  const asking = ['create a:1', 'reshard a:1', 'fix a:1'];

  test.each(asking)('%s asks, unless the environment says yes', line => {
    expect(becomes(`--cluster ${line}`)).not.toContain('--yes');
    for (const name of ['REDISCLI_CLUSTER_YES', 'VALKEYCLI_CLUSTER_YES']) {
      expect(becomes(`--cluster ${line}`, { [name]: '1' })).toContain('--yes');
      expect(becomes(`--cluster ${line}`, { [name]: 'yes' })).not.toContain('--yes');
    }
  });

  test.each(['check a:1', 'info a:1', 'call a:1 ping', 'set-timeout a:1 1000', 'backup a:1 d'])(
    '%s has nothing to ask, and a yes is no mistake',
    line => expect(becomes(`--cluster ${line} --cluster-yes`)).toBe(becomes(`--cluster ${line}`)),
  );

  test('the environment is no matter of native command lines', () => {
    expect(becomes('reshard a:1', { REDISCLI_CLUSTER_YES: '1' })).toBe('reshard a:1');
  });
});

describe('options for something else', () => {
  test.each([
    '--cluster check a:1 --cluster-yes',
    '--cluster check a:1 --cluster-timeout 5',
    '--cluster info a:1 --cluster-search-multiple-owners',
    '--cluster check a:1 --cluster-fix-with-unreachable-masters',
    '--cluster check a:1 --cluster-replace',
  ])('%s: it could change nothing', line => {
    expect(becomes(line)).toBe(becomes(line.replace(/ --cluster-(?!er).*/, '')));
  });

  test.each([
    ['--cluster reshard a:1 --cluster-simulate', '--cluster-simulate goes with rebalance.'],
    ['--cluster add-node n:1 a:1 --cluster-replicas 1', '--cluster-replicas goes with create.'],
    ['--cluster set-timeout a:1 1000 --cluster-only-masters', '--cluster-only-masters goes with call.'],
    ['--cluster rebalance a:1 --cluster-from x', '--cluster-from goes with reshard and import.'],
    ['--cluster reshard a:1 --cluster-copy', '--cluster-copy goes with import.'],
  ])('%s: something else is meant', (line, text) => {
    expect(becomes(line)).toContain(text);
  });
});

describe('what is wrong usage', () => {
  test.each([
    ['--cluster', 'takes a subcommand'],
    ['--cluster check', '[ERR] Wrong number of arguments for specified --cluster sub command'],
    ['-p 7000 --cluster check', '[ERR] Wrong number of arguments'],
    ['--cluster add-node n:1', '[ERR] Wrong number of arguments'],
    ['--cluster del-node a:1 x y', '[ERR] Wrong number of arguments'],
    ['--cluster import a 1', '[ERR] Wrong number of arguments'],
    ['--cluster chekc a:1', 'Unknown --cluster subcommand\n(Did you mean check?)'],
    ['--cluster CHECK a:1', 'Unknown --cluster subcommand\n(Did you mean check?)'],
    ['--cluster addnode n:1 a:1', 'Unknown --cluster subcommand\n(Did you mean add-node?)'],
    ['--cluster frobnicate a:1', 'Unknown --cluster subcommand'],
    ['--cluster check a:1 --cluster info a:1', '--cluster is given twice'],
    ['--cluster create a:1 --replicas 1', "Unrecognized option or bad number of args for: '--replicas'"],
    ['--cluster create --cluster-replica 1 a:1', '--cluster-replica goes with add-node'],
    ['--cluster create a:1 --cluster-replicsa 1', '(Did you mean --cluster-replicas?)'],
    ['--cluster create a:1 --cluster-replicas=1', 'Write --cluster-replicas and its value as two words.'],
    ['--cluster create a:1 --cluster-replicas', '--cluster-replicas takes a value.'],
    ['--cluster rebalance a:1 --cluster-weight', '--cluster-weight takes node=weight.'],
    ['--cluster rebalance a:1 --cluster-weight x=1 --cluster-weight y=1', 'more than once'],
    ['--cluster call a:1 set k -1', 'Write -- before arguments that begin with a dash.'],
    ['--cluster create a:1 b:2 --cluster-replicas 0 c:3', "'c:3' stands apart from the other arguments"],
  ])('%s', (line, text) => expect(becomes(line)).toContain(text));

  test('a password that is glued to its option is not repeated', () => {
    expect(becomes('--cluster check a:1 -as3cret')).not.toContain('s3cret');
    expect(becomes('--cluster check a:1 --pass=s3cret')).not.toContain('s3cret');
    expect(becomes('--cluster check a:1 --tls redis://u:s3cret@h')).not.toContain('s3cret');
  });
});

describe('standard input as an argument', () => {
  function given(line: string, input: string): string {
    const translation = translate(line);
    if (translation.kind !== 'wants-input') return translation.kind;
    const next = translation.given(input);
    if (next.kind === 'wrong') return `wrong: ${next.text}`;
    return next.kind === 'ready' ? next.words.join(' ') : next.kind;
  }

  test.each([
    ['-x --cluster check a', '7000\n', 'check a 7000'],
    ['--cluster call a:1 set k -x', 'two\nlines\n', 'call -- a:1 set k two\nlines\n'],
    ['-X TAG --cluster call a:1 set TAG v', 'k', 'call -- a:1 set k v'],
    ['-X TAG --cluster check a:1', 'k', 'wrong: Using -X option but stdin tag not match.'],
    [
      '-x --cluster add-node n:1 a:1',
      'b:1',
      'wrong: [ERR] Wrong number of arguments for specified --cluster sub command\nWrite --cluster add-node new_host:new_port existing_host:existing_port',
    ],
  ])('%s', (line, input, native) => expect(given(line, input)).toBe(native));
});

describe('arguments that begin with a dash', () => {
  test('stand behind --', () => {
    expect(becomes('--cluster call a:1 set k -- -1')).toBe('call -- a:1 set k -1');
  });
});

describe('what redis-trib documents', () => {
  const rows: Rows = [
    ['create --replicas 1 a:1 b:2', 'create --cluster-replicas=1 a:1 b:2'],
    ['fix --timeout 9 a:1', 'fix --cluster-timeout=9 a:1'],
    [
      'reshard --from ID,ID --to ID --slots 10 --yes --timeout 9 --pipeline 5 a:1',
      'reshard --cluster-from=ID,ID --cluster-to=ID --cluster-slots=10 --yes --cluster-timeout=9 --cluster-pipeline=5 a:1',
    ],
    ['reshard --slots 10 a:1', 'reshard --cluster-slots=10 a:1'],
    [
      'rebalance --weight x=1 --weight y=2 --auto-weights --use-empty-masters --timeout 9 --simulate --pipeline 5 --threshold 3 a:1',
      'rebalance --cluster-weight=x=1 --cluster-weight=y=2 --cluster-use-empty-masters --cluster-timeout=9 --cluster-simulate --cluster-pipeline=5 --cluster-threshold=3 a:1',
    ],
    ['add-node --slave n:1 a:1', 'add-node --replica n:1 a:1'],
    ['add-node --slave --master-id ID n:1 a:1', 'add-node --replica --cluster-master-id=ID n:1 a:1'],
    [
      'import --from s:1 --copy --replace a:1',
      'import --cluster-from=s:1 --cluster-copy --cluster-replace a:1',
    ],
    ['check --verbose a:1', 'check a:1'],
  ];
  test.each(rows)('%s', (typed, native) => {
    expect(becomes(typed)).toBe(native);
    expect(conventions(typed)).toBe('classic');
  });

  // Nothing tells them from ours, and ours asks.
  const shared = [
    'create a:1 b:2 c:3',
    'check a:1',
    'info a:1',
    'fix a:1',
    'reshard a:1',
    'reshard a:1 --yes',
    'rebalance a:1',
    'add-node n:1 a:1',
    'del-node a:1 ID',
    'set-timeout a:1 15000',
    'call a:1 dbsize',
    'help',
  ];
  test.each(shared)('%s is native as it is', line => {
    expect(becomes(line)).toBe(line);
    expect(conventions(line)).toBe('native');
  });

  test.each(['/opt/bin/redis-trib.rb', 'redis-trib'])(
    'called %s, it does not ask where that did not',
    program => {
      expect(becomes('del-node a:1 ID', {}, program)).toBe('del-node --yes a:1 ID');
      expect(becomes('rebalance a:1', {}, program)).toBe('rebalance --yes a:1');
      expect(becomes('rebalance --weight x=2 a:1', {}, program)).toBe(
        'rebalance --yes --cluster-weight=x=2 a:1',
      );
      expect(becomes('import --from s:1 --copy a:1', {}, program)).toBe(
        'import --yes --databases=0 --cluster-from=s:1 --cluster-copy a:1',
      );
      expect(becomes('reshard a:1', {}, program)).toBe('reshard a:1');
      expect(conventions('check a:1', program)).toBe('classic');
    },
  );

  test.each([
    // Which slots, or how many?
    ['reshard --slots 100 --cluster-to ID a:1', 'reshard --slots 100 --cluster-to ID a:1'],
    ['reshard --slots 0-99 --cluster-to ID a:1', 'reshard --slots 0-99 --cluster-to ID a:1'],
    ['reshard --slots 0-99 --to ID a:1', 'reshard --slots 0-99 --cluster-to=ID a:1'],
    ['reshard --slots=100 --to=ID a:1', 'reshard --cluster-slots=100 --cluster-to=ID a:1'],
    ['reshard --slots -5 --to ID a:1', 'reshard --cluster-slots=-5 --cluster-to=ID a:1'],
  ])('%s', (line, native) => expect(becomes(line)).toBe(native));

  test('what belongs to another option, or follows --, is no option', () => {
    expect(becomes('add-node --pass --slave n:1 a:1')).toBe('add-node --pass --slave n:1 a:1');
    expect(becomes('rebalance -- --simulate')).toBe('rebalance -- --simulate');
  });

  test('keys do not leave their source unasked because of a word that may be ours', () => {
    expect(becomes('import a:1 --cluster-from s:1 --replace')).toBe(
      'import a:1 --cluster-from s:1 --cluster-replace',
    );
  });

  test('an option without its value', () => {
    expect(becomes('create a:1 --replicas')).toBe('wrong: --replicas takes a value.');
  });
});

describe('whatever is typed', () => {
  const word = fc.oneof(
    fc.constantFrom(
      '--cluster',
      '-x',
      '-X',
      '--',
      '-h',
      '--slots',
      '--weight',
      '=',
      '--cluster-weight',
      'a=1',
    ),
    fc.constantFrom('check', 'reshard', 'call', 'rebalance', 'help', '__proto__', 'constructor'),
    fc.string(),
  );

  test('becomes something, or is wrong in so many words', () => {
    fc.assert(
      fc.property(fc.array(word, { maxLength: 8 }), words => {
        const first = translateArguments(['node', 'slotctl', ...words], {});
        const translation = first.kind === 'wants-input' ? first.given('input') : first;
        expect(translation.kind).toMatch(/^(ready|wrong|help)$/);
        if (translation.kind === 'wrong') expect(translation.text).not.toBe('');
      }),
    );
  });
});

describe('what is native', () => {
  test.each([
    '--help',
    '-V',
    'apply plan.json',
    'call a:1 SET k --cluster',
    'place-replicas a:1 --zone a=b',
    '-t 3 check a:1',
  ])('%s stays as it is', line => {
    expect(becomes(line)).toBe(line);
    expect(conventions(line)).toBe('native');
  });

  test('nothing at all', () => {
    expect(translateArguments(['node', 'slotctl'], {})).toEqual({
      kind: 'ready',
      words: [],
      conventions: 'native',
      isTheirTool: false,
    });
  });
});
