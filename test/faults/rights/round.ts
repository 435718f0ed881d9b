/** One round: an errand by a user who lacks one right of its list. Returns what is wrong with how it ended. */
import { type Run, slotctl } from '../../support/run-slotctl.ts';
import type { ServerBuild } from '../../support/servers.ts';
import { PASSWORD, type RightsBed, SLOTS, USER } from './bed.ts';
import { asAdmin, type Errand, type Rights, type Weight } from './errands.ts';

export interface Outcome {
  readonly wrong: readonly string[];
  readonly run: Run;
  readonly isDone: boolean;
}

/** What is left of a list without one right. Of a container that was granted whole, nothing else is granted either. */
export function without(rights: Rights, lacking: string | undefined): string[] {
  const left = Object.keys(rights).filter(right => right !== lacking);
  if (lacking === undefined) return left;
  return [...left, `-${lacking.slice(1)}`];
}

export async function playRights(
  bed: RightsBed,
  errand: Errand,
  build: ServerBuild,
  lacking: string | undefined,
): Promise<Outcome> {
  const rights = errand.rights(build);
  const round = await errand.prepare(bed);
  const before = await bed.keys();
  await bed.grant(without(rights, lacking));
  const run = await slotctl([...round.words, '--user', USER], {
    env: { REDISCLI_AUTH: PASSWORD, ...round.env },
  });
  const isDone = await round.isDone(run);
  const weight: Weight | 'all' = lacking === undefined ? 'all' : (rights[lacking] ?? 'needed');
  const wrong: string[] = [];
  if ((run.code === 0) !== isDone) wrong.push(`exit code ${run.code}, and it is ${isDone ? '' : 'not '}done`);
  if (isDone !== (weight !== 'needed')) wrong.push(`it is ${isDone ? '' : 'not '}done`);
  if (run.code !== 0 && ![1, 3, 4].includes(run.code ?? -1)) wrong.push(`exit code ${run.code}`);
  if ((weight === 'needed' || weight === 'warned') && !names(run, lacking))
    wrong.push('the right is not named');
  const expected = round.expectedKeys?.[isDone ? 'done' : 'undone'] ?? before;
  const keys = await bed.keys();
  const missing = expected.filter(key => !keys.includes(key));
  if (missing.length > 0) wrong.push(`keys are missing: ${missing.join(' ')}`);
  const marks = (await bed.openMarks()).filter(mark => !round.marks?.includes(mark));
  if (marks.length > 0) wrong.push(`slots are open: ${marks.join(' ')}`);
  const migrations = await bed.migrations();
  if (migrations.length > 0) wrong.push(`migrations are left running: ${migrations.join(' ')}`);
  await round.tidyUp?.();
  if ((await bed.openMarks()).length > 0) await asAdmin('fix', bed.cluster.entry, '--yes');
  await bed.wellAgain();
  if ((await bed.holder()) < 0) {
    const slots = `${SLOTS.first}-${SLOTS.last}`;
    await asAdmin(
      'reshard',
      bed.cluster.entry,
      '--slots',
      slots,
      '--cluster-to',
      bed.cluster.member(0).id,
      '--yes',
    );
  }
  return { wrong, run, isDone };
}

function names({ stdout, stderr }: Run, lacking = ''): boolean {
  const right = lacking.slice(1);
  return `${stdout}${stderr}`.toLowerCase().includes(right);
}
