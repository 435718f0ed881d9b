/**
 * Nothing changes without a yes: every command, in every spelling, with standard input closed; and then, in one of them,
 * with answers that only look like a yes, at a screen, and with a yes.
 */
import { spawn } from 'node:child_process';
import { expect, test } from 'vitest';
import { EXIT } from '../../src/commands/context.ts';
import { BIN, inTerminal, type Run, slotctlProcess } from '../support/run-slotctl.ts';
import { anyServer } from '../support/servers.ts';
import { keyIn } from '../support/slot-keys.ts';
import { Twin } from '../support/twins.ts';

const OPEN_SLOT = 6000;

/** Each would change something. */
interface Row {
  readonly lines: readonly string[];
  /** What is asked. */
  readonly question: string;
}

const ROWS: readonly Row[] = [
  {
    lines: [
      'fix @0',
      'fix @0 --timeout 60000',
      'fix --timeout=60000 @0',
      'fix @0 --verbose',
      'fix @0 --cluster-timeout 60000',
    ],
    question: 'Can I mend this?',
  },
  {
    lines: [
      'import @0 --from SOURCE',
      'import --from SOURCE --replace @0',
      'import @0 --from=SOURCE --copy',
      'import @0 --cluster-from SOURCE',
    ],
    question: 'Can I import these keys',
  },
  {
    lines: [
      'rebalance @0 --weight id0=1.5',
      'rebalance --weight=id0=1.5 --threshold 1 @0',
      'rebalance @0 --timeout 9000 --pipeline 5 --weight id0=2',
      'rebalance @0 --use-empty-masters --weight id0=2',
      'rebalance @0 --cluster-weight id0=1.5',
    ],
    question: 'Can I move these slots?',
  },
  {
    lines: [
      'reshard @0 --from id0 --to id1 --slots 10',
      'reshard --from=id0 --to=id1 --slots=10 --timeout 9000 --pipeline 5 @0',
      'reshard @0 --cluster-from id0 --cluster-to id1 --cluster-slots 10',
    ],
    question: 'Do you want to proceed with the proposed reshard plan',
  },
  {
    lines: ['add-node --slave --master-id id1 @6 @0', 'add-node @6 @0', 'add-node --verbose @6 @0'],
    question: 'Can I add these nodes?',
  },
  { lines: ['del-node @0 id3', 'del-node --verbose @0 id3'], question: 'Can I remove' },
];

async function fill(twin: Twin): Promise<void> {
  const keys = Array.from({ length: 5 }, (_, i) => keyIn(OPEN_SLOT, `key ${i}`));
  for (const key of keys) await twin.node(1).send('SET', key, 'value');
  await twin.source.send('MSET', 'imported:1', 'one', 'imported:2', 'two');
}

/** Slots, roles and open slots as each node has them itself, epochs, and all keys on both sides. */
async function everything(twin: Twin): Promise<readonly string[]> {
  const own = await Promise.all(
    twin.nodes.map(async node => {
      const lines = (await node.text('CLUSTER', 'NODES')).split('\n');
      const self = lines.find(line => line.includes('myself'))?.split(' ') ?? [];
      // Neither when it was last heard.
      return twin.byPosition(self.filter((_, i) => i !== 4 && i !== 5).join(' '));
    }),
  );
  return [...own, ...(await twin.state())];
}

async function openIfWanted(line: string, twin: Twin): Promise<void> {
  if (!line.startsWith('fix')) return;
  await twin.node(2).send('CLUSTER', 'SETSLOT', `${OPEN_SLOT}`, 'IMPORTING', twin.id(1));
  await twin.node(1).send('CLUSTER', 'SETSLOT', `${OPEN_SLOT}`, 'MIGRATING', twin.id(2));
}

/** Without any standard input, as under a daemon that closes it. */
function withoutInput(words: readonly string[], env: Readonly<Record<string, string>>): Promise<Run> {
  const child = spawn('sh', ['-c', 'exec "$@" <&-', 'sh', process.execPath, BIN, ...words], {
    env: { ...process.env, ...env },
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', chunk => {
    stdout += chunk;
  });
  child.stderr.on('data', chunk => {
    stderr += chunk;
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', code => resolve({ code, stdout, stderr }));
  });
}

test.for(ROWS)('$question is not answered by how an option is spelt', async ({ lines, question }, t) => {
  const twin = await Twin.startFor(t, anyServer());
  await fill(twin);
  const [first = ''] = lines;
  await openIfWanted(first, twin);
  const before = await everything(twin);
  // Whatever the environment says: that is for --cluster.
  const env = { REDISCLI_CLUSTER_YES: '1', VALKEYCLI_CLUSTER_YES: '1' };
  const refused = (line: string, { code, stdout, stderr }: Run) =>
    expect
      .soft({ line, code, advice: (stdout + stderr).includes('--yes') })
      .toEqual({ line, code: EXIT.refused, advice: true });

  for (const line of lines) refused(line, await withoutInput(twin.spell(line), env));
  const words = twin.spell(first);
  refused(first, await slotctlProcess(words, { env }));
  for (const input of ['YES\n', 'yesterday\n'])
    expect
      .soft({ input, code: (await slotctlProcess(words, { env, input })).code })
      .toEqual({ input, code: EXIT.problems });
  const { code, screen } = await inTerminal([BIN, ...words], { answer: { when: question, type: 'no\r' } });
  expect.soft({ code, asks: screen.includes(question) }).toEqual({ code: EXIT.problems, asks: true });
  expect(await everything(twin)).toEqual(before);

  const agreed = await slotctlProcess(words, { input: 'yes\n' });
  expect(agreed.code, agreed.stdout + agreed.stderr).toBe(EXIT.done);
  expect(await everything(twin)).not.toEqual(before);
});
