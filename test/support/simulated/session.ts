/** What a node keeps for each connection. */
export class Session {
  database = 0;
  asking = false;
  /** Commands between MULTI and EXEC. */
  queued: string[][] | undefined;
  refused = false;
  /** To what it has subscribed. */
  channel: string | undefined;
}
