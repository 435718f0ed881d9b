/** What is no RDB file, or one of a kind that is not known here. */
export class RdbFormatError extends Error {}

/** No server writes this, and one that loads it is damaged by it: such a file is not even kept. */
export class HarmfulRdbError extends RdbFormatError {}
