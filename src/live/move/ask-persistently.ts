/** Questions that may be asked again: a connection that is lost is no answer. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from '../../resp/command.ts';
import { ConnectTimeoutError, isLostOrGarbled, ReplyTimeoutError } from '../../resp/errors.ts';
import type { Fleet } from '../../resp/fleet.ts';
import type { Address } from '../../topology/node.ts';

/** A server that was started again, or a network that is put right, takes a moment; what takes longer is not waited for. */
const TRIES = 3;
const WAIT_MS = 200;

/** Servers close connections on which nothing happens for a while, and networks break. */
export async function askPersistently<T>(fleet: Fleet, at: Address, command: Command<T>): Promise<T> {
  try {
    return await fleet.send(at, command);
  } catch (error) {
    if (!isLostOrGarbled(error)) throw error;
    return askAfresh(fleet, at, command);
  }
}

/** On connections of its own. */
export async function askAfresh<T>(fleet: Fleet, at: Address, command: Command<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    const line = fleet.lane(at);
    try {
      return await line.send(command);
    } catch (error) {
      // Whoever was silent for as long as may be was waited for long enough.
      const isSilent = error instanceof ReplyTimeoutError || error instanceof ConnectTimeoutError;
      if (!isLostOrGarbled(error) || isSilent || tries === TRIES) throw error;
      await sleep(WAIT_MS);
    } finally {
      line.close();
    }
  }
}
