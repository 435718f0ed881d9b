/**
 * Commands that are tried before they are needed. A server looks at the rights of the user before it looks at anything else, so a
 * command that can have no effect tells as much as one that has.
 */
import { SLOT_COUNT } from '../../topology/slot-set.ts';
import type { Command } from '../command.ts';
import { readRefusal } from '../refusals.ts';
import { ErrorReply, excerpt, type Reply } from '../reply.ts';

/** Why the server would not do it, in its own words; undefined where it would. */
export type Trial = Command<string | undefined>;

/** The server's sentence names the command and the user; names may be long. */
const MAX_SHOWN = 200;

function trial(args: Command<unknown>['args'], isRefusal: (text: string) => boolean = isForbidden): Trial {
  const decode = (reply: Reply) =>
    reply instanceof ErrorReply && isRefusal(reply.text) ? excerpt(reply.text, MAX_SHOWN) : undefined;
  return { args, takesErrors: true, decode };
}

/** Or renamed. Which keys a user may touch is another matter, and depends on the key. */
function isForbidden(text: string): boolean {
  const { kind } = readRefusal(text);
  return kind === 'unknown-command' || (kind === 'no-permission' && !/\bkeys?\b/i.test(text));
}

/** The connection is in that database afterwards. */
export function trySelect(database: number): Trial {
  return trial(
    ['SELECT', `${database}`],
    text => isForbidden(text) || readRefusal(text).kind === 'no-such-database',
  );
}

/** A slot that there is not. */
export function trySetSlot(): Trial {
  return trial(['CLUSTER', 'SETSLOT', `${SLOT_COUNT}`, 'STABLE']);
}

export function tryCountKeys(): Trial {
  return trial(['CLUSTER', 'COUNTKEYSINSLOT', `${SLOT_COUNT}`]);
}

export function tryListKeys(): Trial {
  return trial(['CLUSTER', 'GETKEYSINSLOT', `${SLOT_COUNT}`, '1']);
}

/** A key that nobody has, with a time to live and a value that there cannot be. */
export function tryRestore(key: string): Trial {
  return trial(['RESTORE-ASKING', key, '-1', '?']);
}
