/** What a node has to have in common with a cluster that it joins. */
export interface Traits {
  /** Function libraries by name, with their code; absent where servers have none, or the user may not ask. */
  readonly functions?: ReadonlyMap<string, string>;
  /** The server has functions, and the user may not ask for them. */
  readonly functionsHidden?: boolean;
  /** Whether the bus speaks TLS; absent where that may not be asked. */
  readonly tlsBus?: boolean;
}
