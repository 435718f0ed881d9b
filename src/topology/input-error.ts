/**
 * What somebody has written, on a command line or in a file, cannot be used; the message says what is wrong with it.
 * Commands make wrong usage of it. Any other error, a RangeError too, is a bug of ours and has to look like one.
 */
export class InputError extends Error {}
