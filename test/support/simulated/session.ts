/** What a node keeps for each connection. */
export class Session {
  database = 0;
  asking = false;
  /** Commands between MULTI and EXEC. */
  queued: string[][] | undefined;
  refused = false;
  /** Keys that must not have changed when a transaction is run, and what they held. */
  readonly watched = new Map<string, string | undefined>();
  /** To what it has subscribed. */
  channel: string | undefined;
}
