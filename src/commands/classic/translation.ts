/** What a command line of the classic tools comes to. */

/** Whose habits a command keeps: whether it asks, how it asks, and what it tells where. */
export type Conventions = 'native' | 'classic';

export type Translation =
  /** The words after the name of the program, as the native commands take them. */
  | { readonly kind: 'ready'; readonly words: readonly string[]; readonly conventions: Conventions }
  /** Standard input is one of the words (`-x`, `-X`). */
  | { readonly kind: 'wants-input'; readonly given: (input: string) => Translation }
  /** Somebody wants to know what there is. */
  | { readonly kind: 'help'; readonly text: string }
  | Wrong;

export interface Wrong {
  readonly kind: 'wrong';
  /** Lines. */
  readonly text: string;
}

export function wrong(...lines: string[]): Wrong {
  return { kind: 'wrong', text: lines.join('\n') };
}

export function ready(words: readonly string[], conventions: Conventions = 'classic'): Translation {
  return { kind: 'ready', words, conventions };
}
