/**
 * The command lines of `redis-cli --cluster` and `valkey-cli --cluster`, as a table: their subcommands, and what each of
 * their options becomes here.
 */

export interface Subcommand {
  readonly words: readonly [least: number, most: number];
  /** How the words are called in their help. */
  readonly usage: string;
  /** Whether theirs asks before it changes something, goes ahead, or changes nothing that one would be asked about. */
  readonly consent: 'asks' | 'goes-ahead' | 'nothing-to-ask';
  /** Options of ours that make of it what it is there. */
  readonly implies?: readonly string[];
}

/** Theirs knows no other: keys of the others stay where they are. */
export const ONLY_DATABASE_0 = '--databases=0';

const ANY_NODE = '<host:port> or <host> <port> - separated by either colon or space';
const MANY = Number.POSITIVE_INFINITY;

const SUBCOMMANDS = {
  create: { words: [1, MANY], usage: 'host1:port1 ... hostN:portN', consent: 'asks' },
  check: { words: [1, MANY], usage: ANY_NODE, consent: 'nothing-to-ask' },
  info: { words: [1, MANY], usage: ANY_NODE, consent: 'nothing-to-ask' },
  fix: { words: [1, MANY], usage: ANY_NODE, consent: 'asks' },
  reshard: { words: [1, MANY], usage: ANY_NODE, consent: 'asks' },
  rebalance: { words: [1, MANY], usage: ANY_NODE, consent: 'goes-ahead' },
  'add-node': {
    words: [2, 2],
    usage: 'new_host:new_port existing_host:existing_port',
    consent: 'goes-ahead',
  },
  'del-node': { words: [2, 2], usage: 'host:port node_id', consent: 'goes-ahead' },
  call: { words: [2, MANY], usage: 'host:port command arg arg .. arg', consent: 'nothing-to-ask' },
  'set-timeout': { words: [2, 2], usage: 'host:port milliseconds', consent: 'nothing-to-ask' },
  import: { words: [1, 1], usage: 'host:port', consent: 'goes-ahead', implies: [ONLY_DATABASE_0] },
  // Every night into the same folder: that is how it is used.
  backup: {
    words: [2, 2],
    usage: 'host:port backup_directory',
    consent: 'nothing-to-ask',
    implies: ['--replace'],
  },
} as const satisfies Readonly<Record<string, Subcommand>>;

export type SubcommandName = keyof typeof SUBCOMMANDS;

export function isSubcommand(word: string): word is SubcommandName {
  return Object.hasOwn(SUBCOMMANDS, word);
}

export function subcommand(name: SubcommandName): Subcommand {
  return SUBCOMMANDS[name];
}

export const SUBCOMMAND_NAMES: readonly string[] = [...Object.keys(SUBCOMMANDS), 'help'];

export interface ClassicOption {
  /** `pairs`: as many words as have an equals sign. */
  readonly takes: 'nothing' | 'word' | 'pairs';
  /** The native option, or what is special about it; absent where it makes no difference to a cluster. */
  readonly becomes?: `--${string}` | 'consent' | 'login';
  /** Whom it is for; absent: for all. */
  readonly for?: readonly SubcommandName[];
  /**
   * Given to another subcommand, theirs ignores it. Whoever writes `reshard --cluster-simulate` does not expect slots to
   * move, so only what could at most allow or hasten something is ignored here.
   */
  readonly elsewhere?: 'ignored' | 'refused';
}

function option(takes: ClassicOption['takes'], becomes?: ClassicOption['becomes']): ClassicOption {
  return becomes === undefined ? { takes } : { takes, becomes };
}

/** Whoever gives it to another subcommand means something that would not happen. */
function only(names: readonly SubcommandName[], { takes, becomes }: ClassicOption): ClassicOption {
  return { takes, ...(becomes && { becomes }), for: names, elsewhere: 'refused' };
}

/** Given to another subcommand it changes nothing. */
function chiefly(names: readonly SubcommandName[], { takes, becomes }: ClassicOption): ClassicOption {
  return { takes, ...(becomes && { becomes }), for: names, elsewhere: 'ignored' };
}

const flag = (becomes?: ClassicOption['becomes']) => option('nothing', becomes);
const word = (becomes?: ClassicOption['becomes']) => option('word', becomes);

const CLUSTER_OPTIONS: Readonly<Record<string, ClassicOption>> = {
  '--cluster-replicas': only(['create'], word('--cluster-replicas')),
  '--cluster-from': only(['reshard', 'import'], word('--cluster-from')),
  '--cluster-to': only(['reshard'], word('--cluster-to')),
  '--cluster-slots': only(['reshard'], word('--cluster-slots')),
  '--cluster-weight': only(['rebalance'], option('pairs', '--cluster-weight')),
  '--cluster-threshold': only(['rebalance'], word('--cluster-threshold')),
  '--cluster-use-empty-masters': only(['rebalance'], flag('--cluster-use-empty-masters')),
  '--cluster-use-empty-primaries': only(['rebalance'], flag('--cluster-use-empty-masters')),
  '--cluster-simulate': only(['rebalance'], flag('--cluster-simulate')),
  '--cluster-slave': only(['add-node'], flag('--replica')),
  '--cluster-replica': only(['add-node'], flag('--replica')),
  '--cluster-master-id': only(['add-node'], word('--cluster-master-id')),
  '--cluster-primary-id': only(['add-node'], word('--cluster-master-id')),
  // As valkey-cli's help has it; its parser does not take it.
  '--cluster-primaries-id': only(['add-node'], word('--cluster-master-id')),
  '--cluster-only-masters': only(['call'], flag('--cluster-only-masters')),
  '--cluster-only-primaries': only(['call'], flag('--cluster-only-masters')),
  '--cluster-only-replicas': only(['call'], flag('--cluster-only-replicas')),
  '--cluster-copy': only(['import'], flag('--cluster-copy')),
  '--cluster-from-user': chiefly(['import'], word('--cluster-from-user')),
  '--cluster-from-pass': chiefly(['import'], word('--cluster-from-pass')),
  '--cluster-from-askpass': chiefly(['import'], flag('--cluster-from-askpass')),
  '--cluster-replace': chiefly(['reshard', 'rebalance', 'import'], flag('--cluster-replace')),
  '--cluster-timeout': chiefly(['reshard', 'rebalance', 'fix', 'import'], word('--cluster-timeout')),
  '--cluster-pipeline': chiefly(['reshard', 'rebalance'], word('--cluster-pipeline')),
  '--cluster-use-atomic-slot-migration': chiefly(['reshard', 'rebalance'], flag('--mover=atomic')),
  '--cluster-search-multiple-owners': chiefly(['check', 'fix'], flag('--search-multiple-owners')),
  '--cluster-fix-with-unreachable-masters': chiefly(['fix'], flag('--cluster-fix-with-unreachable-masters')),
  '--cluster-fix-with-unreachable-primaries': chiefly(
    ['fix'],
    flag('--cluster-fix-with-unreachable-masters'),
  ),
  '--cluster-yes': flag('consent'),
};

const CONNECTION_OPTIONS: Readonly<Record<string, ClassicOption>> = {
  '-a': word('--pass'),
  '--pass': word('--pass'),
  '--user': word('--user'),
  '--askpass': flag('--askpass'),
  // The address in it is not used there: an argument names the node.
  '-u': word('login'),
  '--no-auth-warning': flag('--no-auth-warning'),
  '-t': word('--connect-timeout'),
  '--tls': flag('--tls'),
  '--sni': word('--sni'),
  '--cacert': word('--cacert'),
  '--cacertdir': word('--cacertdir'),
  '--cert': word('--cert'),
  '--key': word('--key'),
  '--insecure': flag('--insecure'),
  '--verbose': chiefly(['import'], flag('--verbose')),
};

/** These say how one server is talked to, or how one reply is shown. Theirs takes them, and goes by the words. */
const WITHOUT_MEANING: Readonly<Record<string, ClassicOption>> = {
  ...alike('-h -p -s -n -r -i -d -D --show-pushes --name', word()),
  ...alike('-c -e -2 -3 -4 -6 --raw --no-raw --csv --quoted-input --quoted-json --mptcp', flag()),
};

function alike(names: string, option: ClassicOption): Readonly<Record<string, ClassicOption>> {
  return Object.fromEntries(names.split(' ').map(name => [name, option]));
}

/** By these names refusals are overridden. */
const OVERRIDES =
  'despite-findings force-mixed force-few-primaries reset-failed keep-data drain allow-blocking accept-shrunk wait-copies';

/** What theirs does not have, and nobody should have to do without. */
const OURS: Readonly<Record<string, ClassicOption>> = {
  '--yes': flag('consent'),
  '--json': flag('--json'),
  '--dry-run': flag('--dry-run'),
  '--reply-timeout': word('--reply-timeout'),
  '--address-map': word('--address-map'),
  '--trust-hosts': word('--trust-hosts'),
  '--trace': flag('--trace'),
  '--join-timeout': word('--join-timeout'),
  ...Object.fromEntries(OVERRIDES.split(' ').map(name => [`--${name}`, flag(`--${name}`)])),
};

const OPTIONS = { ...CLUSTER_OPTIONS, ...CONNECTION_OPTIONS, ...WITHOUT_MEANING, ...OURS };

/** What belongs to one subcommand, for its help. */
export function clusterOptionsOf(
  name: SubcommandName,
): readonly (readonly [option: string, takes: ClassicOption['takes']])[] {
  const own = Object.entries(CLUSTER_OPTIONS).filter(([, option]) => option.for?.includes(name));
  const consent = subcommand(name).consent === 'asks' ? (['--cluster-yes'] as const) : [];
  return [
    ...own.map(([option, { takes }]) => [option, takes] as const),
    ...consent.map(option => [option, 'nothing'] as const),
  ];
}

export const OPTION_NAMES: readonly string[] = Object.keys(OPTIONS);

export function classicOption(name: string): ClassicOption | undefined {
  return Object.hasOwn(OPTIONS, name) ? OPTIONS[name] : undefined;
}

export function takesWord(name: string): boolean {
  return classicOption(name)?.takes === 'word';
}
