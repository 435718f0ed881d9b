/** A connection of its own to a node, beside the one that everybody shares: for what would hold up the others. */
import { type Command, commandName } from './command.ts';
import type { Connection } from './connection.ts';
import { ConnectionLostError, InterruptedError, type ServerRefusalError } from './errors.ts';

export interface Lane {
  send<T>(command: Command<T>): Promise<T>;
  sendAll<T>(commands: readonly Command<T>[]): Promise<T[]>;
  /** Refusals are answers among the others. */
  sendEach<T>(commands: readonly Command<T>[]): Promise<(T | ServerRefusalError)[]>;
  close(): void;
}

/** What a lane needs of those that it is one of. */
export interface LaneSource {
  open(): Connection;
  /** It is not to be ended with the others any more. */
  forget(connection: Connection): void;
  isInterrupted(): boolean;
  /** What fails because it was all ended was interrupted. */
  minded<T>(reply: Promise<T>): Promise<T>;
}

export function openLane(source: LaneSource): Lane {
  let connection = source.open();
  let selection: Command<unknown> | undefined;
  let isWatching = false;
  // Opened after it was all ended: for a last word, so that nothing goes on that nobody watches.
  const isLastWord = source.isInterrupted();
  const close = () => {
    connection.close();
    source.forget(connection);
  };
  const use = <T>(work: (connection: Connection) => Promise<T>, name = ''): Promise<T> => {
    if (source.isInterrupted() && !isLastWord) return Promise.reject(new InterruptedError());
    const wasWatching = isWatching;
    isWatching = name === 'WATCH' || (isWatching && name !== 'UNWATCH' && name !== 'EXEC');
    if (connection.state === 'rested') {
      // What was to be done only where nobody changes those keys would be done in any case.
      if (wasWatching && name !== 'WATCH' && name !== 'UNWATCH')
        return Promise.reject(new ConnectionLostError(connection.name, 'the connection was closed'));
      source.forget(connection);
      connection = source.open();
      // Keys of another database must not be taken for those of this one.
      if (selection) connection.send(selection).catch(close);
    }
    return source.minded(work(connection));
  };
  return {
    send: command => {
      const name = commandName(command);
      const sent = use(live => live.send(command), name);
      if (name === 'SELECT') selection = command;
      return sent;
    },
    sendAll: commands => use(live => live.sendAll(commands)),
    sendEach: commands => use(live => live.sendEach(commands)),
    close,
  };
}
