/** Copies of all data that replicas take of their primaries: how far they are, in words. */
import type { Copy, CopyState } from '../../topology/full-sync.ts';
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
      return `${replica} is waiting for its primary ${primary} to start sending data`;
    case 'sending':
      return withShare(`${replica} is still copying the data from its primary ${primary}`, state);
    case 'loading':
      return withShare(
        `${replica} has received the data from its primary ${primary} and is loading it`,
        state,
      );
  }
}

export function describeCopy(copy: Copy, names: NodeNames): string {
  const text = describeCopyState(copy, names.of(copy.replica), names.of(copy.primary));
  return copy.stage === 'waiting' && copy.isSaving ? `${text} (the primary is saving)` : text;
}

/** All is done but for them. */
export function copyLines(copies: readonly Copy[], entry: string, names: NodeNames): string[] {
  const [them, they] = copies.length === 1 ? ['it', 'It'] : ['them', 'They'];
  return [
    ...copies.map(copy => `${describeCopy(copy, names)}.`),
    `${they} cannot take over until then. To follow ${them}: slotctl check ${entry}`,
  ];
}

/** What is waited for, on one line. */
export function copyingText(copies: readonly Copy[], names: NodeNames): string {
  const parts = copies.map(copy => {
    const what = {
      waiting: copy.isSaving ? 'save in progress' : 'not started',
      sending: '',
      loading: 'loading',
    }[copy.stage];
    return [names.of(copy.replica), what, share(copy)].filter(part => part !== '').join(' ');
  });
  return `replicas are copying: ${parts.join(', ')}`;
}

/** None of them has got on for so long. */
export function stuckCopyLines(copies: readonly Copy[], waited: string, names: NodeNames): string[] {
  return [
    `The nodes agree, but no copy has made progress for ${waited} (--join-timeout).`,
    ...copies.map(copy =>
      copy.stage === 'waiting'
        ? `${describeCopy(copy, names)}. The primary may be waiting for more replicas (repl-diskless-sync-delay), or be unable to save; see its log.`
        : `${describeCopy(copy, names)}. The logs of both show why it has stopped.`,
    ),
  ];
}
