/** Command lines for the end of each command's help. */

const EXAMPLES: Readonly<Record<string, readonly string[]>> = {
  create: [
    'create a:7000 b:7000 c:7000 a:7001 b:7001 c:7001 --cluster-replicas 1',
    'create --primaries a:7000,b:7000,c:7000 --replicas-of a:7000=b:7001',
    'create --reset-failed 10.0.0.1:6379 10.0.0.2:6379 10.0.0.3:6379',
  ],
  check: [
    'check 10.0.0.1:6379',
    'check 10.0.0.1 6379 --quiet --fail-on warning --min-replicas 1',
    'check rediss://10.0.0.1:6379 --user admin --askpass --json',
  ],
  info: ['info 10.0.0.1:6379', 'info 10.0.0.1:6379 --json'],
  fix: ['fix 10.0.0.1:6379', 'fix 10.0.0.1:6379 --prefer-newest --yes'],
  explain: ['explain 10.0.0.1:6379', 'explain 10.0.0.1:6379 --cluster-fix-with-unreachable-masters'],
  rescue: [
    'rescue slotctl-rescue-1700000000-9f3c.jsonl list',
    'rescue slotctl-rescue-1700000000-9f3c.jsonl restore 10.0.0.1:6379',
  ],
  'add-node': [
    'add-node 10.0.0.7:6379 10.0.0.1:6379 --rebalance',
    'add-node a:7001 a:7000 --replica --cluster-master-id b47deb9e',
  ],
  'del-node': [
    'del-node 10.0.0.1:6379 10.0.0.7:6379',
    'del-node 10.0.0.1:6379 b47deb9e --drain --shutdown --yes',
  ],
  'forget-failed': ['forget-failed 10.0.0.1:6379'],
  replicate: ['replicate 10.0.0.1:6379 10.0.0.8:6379 10.0.0.2:6379'],
  'place-replicas': ['place-replicas a:7000 --zone a=north,b=south,c=west --dry-run'],
  reshard: [
    'reshard 10.0.0.1:6379',
    'reshard a:7000 --cluster-from all --cluster-to 1f0d --cluster-slots 90',
    'reshard a:7000 --slots 0-99 --cluster-to b47deb9e --plan-out plan.json',
  ],
  rebalance: [
    'rebalance 10.0.0.1:6379 --cluster-use-empty-masters --dry-run',
    'rebalance a:7000 --cluster-weight a:7000=2 b47deb9e=0 --yes',
  ],
  import: [
    'import 10.0.0.1:7000 --cluster-from 10.0.0.9:6379 --cluster-copy',
    'import a:7000 --cluster-from c:7000 --cluster-from-askpass --yes',
  ],
  failover: [
    'failover 10.0.0.1:6379 10.0.0.4:6379',
    'failover 10.0.0.1:6379 --of 10.0.0.1:6379 --dry-run',
    'failover 10.0.0.2:6379 10.0.0.4:6379 --force --yes',
  ],
  'rolling-failover': [
    'rolling-failover 10.0.0.1:6379 --dry-run',
    'rolling-failover 10.0.0.1:6379 --to-version 8.6 --yes',
    'rolling-failover 10.0.0.1:6379 --primaries-on a --primaries-on b',
  ],
  call: [
    'call 10.0.0.1:6379 DBSIZE',
    'call 10.0.0.1:6379 --only-primaries CONFIG GET maxmemory',
    'call 10.0.0.1:6379 --json INFO replication',
    'call 10.0.0.1:6379 --only-primaries -- ECHO --json',
  ],
  'set-timeout': ['set-timeout 10.0.0.1:6379 5000', 'set-timeout 10.0.0.1:6379 5000 --dry-run'],
  backup: [
    'backup 10.0.0.1:6379 /var/backups/cluster',
    'backup 10.0.0.1:6379 /var/backups/cluster --from-replicas --replace',
  ],
  restore: [
    'restore /var/backups/cluster 10.0.0.1:6379',
    'restore /var/backups/cluster 10.0.0.1:6379 --replace --yes',
  ],
  apply: ['apply plan.json', 'apply plan.json 10.0.0.2:6379 --yes'],
};

export function examplesOf(command: string): readonly string[] {
  return Object.hasOwn(EXAMPLES, command) ? (EXAMPLES[command] ?? []) : [];
}

export function examplesText(command: string): string {
  const examples = examplesOf(command);
  return examples.length === 0
    ? ''
    : ['', 'Examples:', ...examples.map(line => `  slotctl ${line}`)].join('\n');
}
