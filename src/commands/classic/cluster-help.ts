/** `--cluster help`, as the classic tools have it: programs look there for what a tool can do. */
import { clusterOptionsOf, isSubcommand, SUBCOMMAND_NAMES, subcommand } from './option-table.ts';

const NAME_COLUMN = 15;
const MARGIN = 2;

const ARGUMENTS = { nothing: '', word: ' <arg>', pairs: ' <node1=w1...nodeN=wN>' } as const;

export function clusterHelp(): string {
  return [
    'Cluster Manager Commands:',
    ...SUBCOMMAND_NAMES.flatMap(linesOf),
    '',
    'For check, fix, reshard, del-node, set-timeout, info, rebalance, call, import, backup you can specify the host and port of any working node in the cluster.',
    '',
    'Cluster Manager Options:',
    '  --cluster-yes  Automatic yes to cluster commands prompts',
    '',
    'slotctl --help lists what there is without --cluster, and slotctl COMMAND --help its options.',
    '',
  ].join('\n');
}

function linesOf(name: string): string[] {
  const indent = ' '.repeat(MARGIN);
  if (!isSubcommand(name)) return [`${indent}${name}`];
  const options = clusterOptionsOf(name).map(([option, takes]) => `${option}${ARGUMENTS[takes]}`);
  return [
    `${indent}${name.padEnd(NAME_COLUMN)}${subcommand(name).usage}`,
    ...options.map(option => ' '.repeat(MARGIN + NAME_COLUMN) + option),
  ];
}
