/** Command lines for the end of each command's help. */

const EXAMPLES: Readonly<Record<string, readonly string[]>> = {
  create: [
    'create 10.0.0.1:6379 10.0.0.2:6379 10.0.0.3:6379 10.0.0.4:6379 10.0.0.5:6379 10.0.0.6:6379 --cluster-replicas 1',
    'create --primaries a:7000,b:7000,c:7000 --replicas-of a:7000=b:7001 b:7000=c:7001 c:7000=a:7001 --dry-run',
    'create --reset-failed 10.0.0.1:6379 10.0.0.2:6379 10.0.0.3:6379',
  ],
  check: [
    'check 10.0.0.1:6379',
    'check 10.0.0.1 6379 --quiet --fail-on warning --min-replicas 1',
    'check rediss://10.0.0.1:6379 --user admin --askpass --json',
  ],
  info: ['info 10.0.0.1:6379', 'info 10.0.0.1:6379 --json'],
  fix: ['fix 10.0.0.1:6379', 'fix 10.0.0.1:6379 --search-multiple-owners --yes'],
  explain: ['explain 10.0.0.1:6379', 'explain 10.0.0.1:6379 --cluster-fix-with-unreachable-masters'],
  rescue: [
    'rescue slotctl-rescue-1700000000000.jsonl list',
    'rescue slotctl-rescue-1700000000000.jsonl restore 10.0.0.1:6379',
  ],
  'add-node': [
    'add-node 10.0.0.7:6379 10.0.0.1:6379 --rebalance',
    'add-node 10.0.0.8:6379 10.0.0.1:6379 --replica --cluster-master-id 10.0.0.7:6379',
  ],
  'del-node': [
    'del-node 10.0.0.1:6379 10.0.0.7:6379',
    'del-node 10.0.0.1:6379 b47deb9e --drain --shutdown --yes',
  ],
  'forget-failed': ['forget-failed 10.0.0.1:6379'],
  replicate: ['replicate 10.0.0.1:6379 10.0.0.8:6379 10.0.0.2:6379'],
  'place-replicas': ['place-replicas 10.0.0.1:6379 --zone 10.0.0.1=a,10.0.0.2=b,10.0.0.3=c --dry-run'],
  reshard: [
    'reshard 10.0.0.1:6379',
    'reshard 10.0.0.1:6379 --cluster-from all --cluster-to 10.0.0.7:6379 --cluster-slots 1000 --yes',
    'reshard 10.0.0.1:6379 --slots 0-99,4000 --cluster-to 10.0.0.7:6379 --plan-out plan.json',
  ],
  rebalance: [
    'rebalance 10.0.0.1:6379 --cluster-use-empty-masters --dry-run',
    'rebalance 10.0.0.1:6379 --cluster-weight 10.0.0.1:6379=2 10.0.0.7:6379=0 --cluster-threshold 1',
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
