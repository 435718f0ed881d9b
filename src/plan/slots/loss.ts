/** What nodes have lost while keys were moved to or from them. */
import type { ServerChange } from '../../topology/server-changes.ts';

/** Keys are gone, or may be, from a node that keys were moved to or from. */
export type Loss = { readonly role: 'source' | 'target' } & (
  | (Extract<ServerChange, { kind: 'evicted' }> & {
      /** It does that for its clients all the time. */
      readonly isUsual: boolean;
      readonly mostBytes?: number;
      readonly policy?: string;
    })
  | (Extract<ServerChange, { kind: 'restarted' }> & {
      /** Keys in the slots that moved, at both ends before anything went; and those of them that are at neither now. */
      readonly counted?: number;
      readonly missing?: number;
    })
);

/** Nothing is gone, or nothing that would not have gone anyway. */
export function isHarmless(loss: Loss): boolean {
  if (loss.kind === 'evicted') return loss.isUsual;
  const { role, counted, missing, keysBefore, keysNow } = loss;
  // Of a source, what was to leave it may be elsewhere; all else must have stayed.
  return missing === 0 && keysNow >= keysBefore - (role === 'source' ? (counted ?? 0) : 0);
}
