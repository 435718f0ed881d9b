/** What is no RDB file, or one of a kind that is not known here. */
export class RdbFormatError extends Error {}
