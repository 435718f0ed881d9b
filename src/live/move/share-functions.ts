/** Functions belong to the whole cluster: where a slot goes to a node that lacks them, FCALL fails there. */

import { functionDump, functionRestore } from '../../resp/commands/membership.ts';
import { ServerRefusalError } from '../../resp/errors.ts';
import type { BothEnds } from './both-ends.ts';
import type { MoveRun, Passage } from './mover.ts';

/** A target without any gets the source’s. Where both have some, it is not for us to say which are right. */
export async function shareFunctions(
  { from, to }: Passage,
  { source, target }: BothEnds,
  { fleet, note }: MoveRun,
  serversDo: boolean,
): Promise<void> {
  if (!source.libraries || !target.libraries) return;
  const names = [...source.libraries.keys()];
  const there = target.libraries;
  const missing = names.filter(name => !there.has(name));
  const different = names.filter(name => there.has(name) && there.get(name) !== source.libraries?.get(name));
  const ends = { at: to.address, giver: from.address };
  if (serversDo) {
    if (different.length > 0) note({ kind: 'functions-replaced', ...ends, names: different });
    return;
  }
  if (names.length > 0 && there.size === 0) {
    try {
      const dump = await fleet.send(from.address, functionDump());
      await fleet.send(to.address, functionRestore(dump, 'APPEND'));
      note({ kind: 'functions-copied', ...ends });
    } catch (error) {
      if (!(error instanceof ServerRefusalError)) throw error;
      // Another move may have brought them meanwhile.
      if (error.kind === 'library-exists') return;
      note({ kind: 'functions-refused', ...ends, message: error.message });
    }
    return;
  }
  if (missing.length > 0) note({ kind: 'functions-missing', ...ends, names: missing });
  if (different.length > 0) note({ kind: 'functions-different', ...ends, names: different });
}
