/** What comes of the keys of a backup on their way into a cluster. */

export type RestoreEvent =
  /** So many bytes of all files have been read, and so many keys sent. */
  | { readonly kind: 'read'; readonly bytes: number; readonly of: number; readonly restored: number }
  /** The key is there already, and is left as it is. */
  | { readonly kind: 'exists'; readonly key: Buffer; readonly database: number }
  /** The node does not take the value. */
  | { readonly kind: 'refused'; readonly key: Buffer; readonly database: number; readonly problem: string }
  | {
      readonly kind: 'library';
      readonly node: string;
      readonly name: string;
      readonly outcome: LibraryOutcome;
    };

export type LibraryOutcome = 'loaded' | 'there already' | 'another is there';

export interface RestoreTally {
  restored: number;
  /** Their time was up before they could be restored. */
  expired: number;
  existing: number;
  refused: number;
}

/** All keys that have been dealt with in one way or another. */
export function dealtWith({ restored, expired, existing, refused }: RestoreTally): number {
  return restored + expired + existing + refused;
}
