/** Values that are told apart by their kind. */
export interface Kinded {
  readonly kind: string;
}

/** Those of a union that are of one kind, or of several and this one among them. */
export type Of<Union extends Kinded, Kind> = Union extends Kinded
  ? Kind extends Union['kind']
    ? Union
    : never
  : never;
