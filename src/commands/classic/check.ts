/** What the classic tools print around a change, for whoever speaks to us as to one of them. */

import { describeUnreached } from '../../report/classic/refusal.ts';
import { type ClassicParts, renderClassicCheck } from '../../report/text/check.ts';
import type { Terminal } from '../../terminal.ts';
import type { Examined } from '../../topology/diagnose.ts';
import type { ClusterSnapshot } from '../../topology/snapshot.ts';
import type { Context } from '../context.ts';

export type ShowCheck = (seen: Examined) => void;

/** The cluster as it is at the first look; those that follow are made for the sake of safety. */
export function showingCheckOnce(
  { json }: { readonly json: boolean },
  { conventions, terminal }: Context,
  parts: Partial<ClassicParts> = {},
): ShowCheck {
  let isShown = conventions !== 'classic' || json;
  return seen => {
    if (isShown) return;
    isShown = true;
    tellOfUnreached(seen.snapshot, terminal);
    const examination = { ...seen, searchedOwners: false };
    terminal.print(renderClassicCheck(examination, { keys: false, nodes: true, ...parts }, terminal.paint));
  };
}

/** On standard error, node by node, where scripts look for it. */
export function tellOfUnreached(snapshot: ClusterSnapshot, { warn }: Pick<Terminal, 'warn'>): void {
  for (const line of describeUnreached(snapshot)) warn(line);
}
