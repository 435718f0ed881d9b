/** How much of something there may be in a file. It may come from anybody, and what it says of itself is not believed. */

/** Slots of a cluster. A server that loads a file with others writes beyond the end of its tables. */
export const SLOTS = 16_384;
/** Databases with keys: servers have 16, and those of a cluster one; each costs a restore a connection to every node. */
export const MOST_DATABASES = 4096;
/** One library of functions: source code, of which even a large one has a few hundred kilobytes. */
export const LARGEST_LIBRARY_BYTES = 16 * 1024 * 1024;
/** All libraries of a file, unpacked. */
export const MOST_LIBRARY_BYTES = 64 * 1024 * 1024;
/** One value with its key, as it stands in the file: it has to be sent in one piece, and servers take 512 MB by default. */
export const LARGEST_VALUE_BYTES = 1024 * 1024 * 1024;
/** A key, unpacked: servers take no longer string, unless they are told to. */
export const LARGEST_KEY_BYTES = 512 * 1024 * 1024;
/** LZF makes at most 264 bytes of three: what claims more is not what it says. */
export const MOST_UNPACKED_PER_BYTE = 88;
