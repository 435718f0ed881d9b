/**
 * One of a union that is told apart by its `kind`, or several that hold the same. For unions so long that they should be
 * read as lists.
 */
export type OfKind<Kind extends string, Fields = unknown> = Kind extends string
  ? { readonly kind: Kind } & Readonly<Fields>
  : never;
