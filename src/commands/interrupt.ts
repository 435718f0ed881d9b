/** What Ctrl-C, SIGTERM and a closed terminal do to a command while it speaks to nodes. */
import type { Fleet } from '../resp/fleet.ts';
import type { Terminal } from '../terminal.ts';

export interface FirstInterrupt {
  /** Told of the first one, where the work can come to a good end by itself. */
  readonly finishSoon?: (() => void) | undefined;
}

/**
 * The first one ends all connections, so that whatever is under way fails as interrupted, which is an exit code of its own;
 * where the work can come to a good end by itself, only the second one does. Returns how to stop listening.
 */
export function endOnInterrupt(
  fleet: Fleet,
  { onInterrupt }: Pick<Terminal, 'onInterrupt'>,
  { finishSoon }: FirstInterrupt,
): () => void {
  let first = finishSoon;
  return onInterrupt(() => {
    if (!first) {
      fleet.interrupt();
      return undefined;
    }
    first();
    first = undefined;
    return 'listen-on';
  });
}
