/** What a command line of the classic tools comes to. */

/** Whose habits a command keeps: how it asks, and what it tells where. Whether it asks is no matter of words. */
export type Conventions = 'native' | 'classic';

export type Translation =
  /** The words after the name of the program, as the native commands take them. */
  | {
      readonly kind: 'ready';
      readonly words: readonly string[];
      readonly conventions: Conventions;
      /** Called as one of the classic tools, by `--cluster` or by name: what they do unasked is done unasked. */
      readonly isTheirTool: boolean;
    }
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

export function ready(
  words: readonly string[],
  conventions: Conventions = 'classic',
  isTheirTool = conventions === 'classic',
): Translation {
  return { kind: 'ready', words, conventions, isTheirTool };
}
