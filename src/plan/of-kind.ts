/** One of a union that is told apart by its `kind`. For unions so long that they should be read as lists. */
export type OfKind<Kind extends string, Fields = unknown> = { readonly kind: Kind } & Readonly<Fields>;
