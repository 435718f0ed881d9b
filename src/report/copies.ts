/** Copies of all data that replicas take of their primaries: how far they are, in words. */
import type { Copy, CopyState } from '../topology/copy.ts';
import { bytes, type NodeNames } from './names.ts';

/** `12 MB of 300 MB`; nothing where the servers do not tell. */
function share({ doneBytes, ofBytes }: CopyState): string {
  if (doneBytes === undefined) return '';
  return ofBytes === undefined ? bytes(doneBytes) : `${bytes(doneBytes)} of ${bytes(ofBytes)}`;
}

function withShare(text: string, state: CopyState): string {
  const far = share(state);
  return far === '' ? text : `${text}: ${far}`;
}

/** Without a full stop. */
export function describeCopyState(state: CopyState, replica: string, primary: string): string {
  switch (state.stage) {
    case 'waiting':
      return `${replica} waits for its primary ${primary} to begin sending its data`;
    case 'sending':
      return withShare(`${replica} is still copying the data of its primary ${primary}`, state);
    case 'loading':
      return withShare(`${replica} has received the data of its primary ${primary} and is loading it`, state);
  }
}

export function describeCopy(copy: Copy, names: NodeNames): string {
  const text = describeCopyState(copy, names.of(copy.replica), names.of(copy.primary));
  return copy.stage === 'waiting' && copy.isSaving ? `${text}, which is saving` : text;
}

/** All is done but for them. */
export function copyLines(copies: readonly Copy[], entry: string, names: NodeNames): string[] {
  const [them, they] = copies.length === 1 ? ['it', 'It'] : ['them', 'They'];
  return [
    ...copies.map(copy => `${describeCopy(copy, names)}.`),
    `${they} cannot take over before that is done. To watch ${them}: slotctl check ${entry}`,
  ];
}

/** What is waited for, on one line. */
export function copyingText(copies: readonly Copy[], names: NodeNames): string {
  const parts = copies.map(copy => {
    const what = { waiting: copy.isSaving ? 'a save goes on' : 'not begun', sending: '', loading: 'loading' }[
      copy.stage
    ];
    return [names.of(copy.replica), what, share(copy)].filter(part => part !== '').join(' ');
  });
  return `replicas copy their primaries: ${parts.join(', ')}`;
}

/** None of them has got on for so long. */
export function stuckCopyLines(copies: readonly Copy[], waited: string, names: NodeNames): string[] {
  return [
    `The nodes agree, and no copy of data has made progress for ${waited} (--join-timeout).`,
    ...copies.map(copy =>
      copy.stage === 'waiting'
        ? `${describeCopy(copy, names)}: it may wait for more replicas (repl-diskless-sync-delay), or be unable to save; its log tells.`
        : `${describeCopy(copy, names)}. The logs of both tell why it does not go on.`,
    ),
  ];
}
