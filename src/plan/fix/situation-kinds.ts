/** What `fix` can find a cluster in. Every kind has a number, by which reports, the README and tests call it. */

export const SITUATION_NUMBERS = {
  'half-moved': 1,
  'migrating-only': 2,
  'importing-only': 3,
  'importing-with-keys': 4,
  'mark-left': 5,
  'open-on-replica': 6,
  'target-dead': 7,
  'claimed-twice': 8,
  'maps-disagree': 9,
  'uncovered-empty': 10,
  'uncovered-with-keys': 11,
  'owner-dead': 12,
  'keys-astray': 13,
  'keys-hidden': 14,
  'epochs-equal': 15,
  'members-disagree': 16,
  'roles-disagree': 17,
  ghost: 18,
  'replica-of-nobody': 19,
  'migration-failing': 20,
  'migration-running': 21,
  'keys-gone': 22,
} as const;

export type SituationKind = keyof typeof SITUATION_NUMBERS;

export function isSituationKind(word: string): word is SituationKind {
  return Object.hasOwn(SITUATION_NUMBERS, word);
}

export function numberOf({ kind }: { readonly kind: SituationKind }): number {
  return SITUATION_NUMBERS[kind];
}
