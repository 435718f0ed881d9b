/** Runs that move slots, as processes of their own: one that dies of an error must not take the tests along. */
import type { ChildProcess } from 'node:child_process';
import type { TestContext } from 'vitest';
import type { TestCluster } from './cluster.ts';
import { nodesAccordingTo } from './cluster.ts';
import { type Run, slotctlProcess } from './run-slotctl.ts';
import { removeFolder, tempFolder } from './temp-folder.ts';

export interface MoveSetup {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Called once, when what is written to stderr says that this has happened so many times. */
  readonly when?: {
    readonly text: RegExp;
    readonly times?: number;
    readonly act: (child: ChildProcess) => void;
  };
}

/** What starts moving keys. */
export const MOVING = /> (MIGRATE|CLUSTER MIGRATION IMPORT|CLUSTER MIGRATESLOTS) /g;

/** With a trace where there is something to wait for; the trace is not part of what is said. */
export async function run(t: TestContext, words: readonly string[], setup: MoveSetup = {}): Promise<Run> {
  const { env, when } = setup;
  const cwd = setup.cwd ?? folderFor(t);
  let seen = 0;
  let called = false;
  const ended = await slotctlProcess([...words, ...(when ? ['--trace'] : [])], {
    cwd,
    ...(env && { env }),
    watch: (child, text) => {
      if (!when || called) return;
      seen += text.match(when.text)?.length ?? 0;
      called = seen >= (when.times ?? 1);
      if (called) when.act(child);
    },
  });
  const said = ended.stderr.split('\n').filter(line => !/^ *[\d.]+ m?s {2}\S+ [<>!] /.test(line));
  return { ...ended, stderr: said.join('\n') };
}

export function folderFor(t: TestContext): string {
  const folder = tempFolder('move');
  t.onTestFinished(() => removeFolder(folder));
  return folder;
}

export function reshard(cluster: TestCluster, slots: string, to: number, ...more: string[]): string[] {
  return [
    'reshard',
    cluster.entry,
    '--slots',
    slots,
    '--cluster-to',
    cluster.member(to).id,
    '--yes',
    ...more,
  ];
}

/** Keys in the slots that clients find, because the node which has them says that it owns the slot. */
export async function keysWithOwners(
  cluster: TestCluster,
  { first, last }: { first: number; last: number },
): Promise<number> {
  const counts = await Promise.all(
    cluster.nodes.map(async (node, i) => {
      const own = (await nodesAccordingTo(node)).find(n => n.id === cluster.member(i).id);
      const slots = Array.from({ length: last - first + 1 }, (_, n) => first + n).filter(
        slot => own?.role === 'primary' && own.slots.has(slot),
      );
      const replies = slots.map(slot => node.send('CLUSTER', 'COUNTKEYSINSLOT', `${slot}`));
      return (await Promise.all(replies)).reduce<number>((all, keys) => all + Number(keys), 0);
    }),
  );
  return counts.reduce((all, keys) => all + keys, 0);
}

/** Who owns the slot according to each node, by position. */
export async function ownersOf(cluster: TestCluster, slot: number): Promise<number[]> {
  return Promise.all(
    cluster.nodes.map(async node => {
      const nodes = await nodesAccordingTo(node);
      const owner = nodes.find(n => n.role === 'primary' && n.slots.has(slot));
      return cluster.members.findIndex(member => member.id === owner?.id);
    }),
  );
}

/** Slots that are open anywhere. */
export async function openMarks(cluster: TestCluster): Promise<string[]> {
  const lists = await Promise.all(cluster.nodes.map(node => node.text('CLUSTER', 'NODES')));
  return lists.flatMap(list => [...list.matchAll(/\[\d+-[<>]-[0-9a-f]+\]/g)].map(([mark]) => mark));
}

/** A program that ended because of an error that nobody caught shows Node's own last line. */
export const CRASH = /\nNode\.js v\d|this is a bug in slotctl/;
