/** What is told of an RDB file that is gone through, and to whom. */
export interface RdbEntry {
  readonly database: number;
  readonly key: Buffer;
  readonly type: number;
  /** As it stands in the file, in pieces. */
  readonly value: readonly Buffer[];
  /** Absent where it stays. */
  readonly expiresAtMs?: number;
  /** Where the server evicts what was not used for long … */
  readonly idleSeconds?: number;
  /** … or what is used least. */
  readonly frequency?: number;
}

export interface KeyFacts {
  readonly database: number;
  /** Valid only while it is told. */
  readonly key: Buffer;
  readonly bytes: number;
  readonly expiresAtMs?: number;
}

export interface RdbListener {
  /** Whether the next value, of this type, is to be told of; the others are only counted. */
  wants?(type: number): boolean;
  entry?(entry: RdbEntry): void;
  /** Of every key: how many bytes it takes in the file, with its value. */
  key?(entry: KeyFacts): void;
  /** A larger value is not told of, nor held. */
  readonly mostValueBytes?: number;
  functionLibrary?(code: Buffer): void;
}

export interface RdbSummary {
  readonly version: number;
  readonly keysByDatabase: ReadonlyMap<number, number>;
  readonly functionLibraries: number;
  /** What all of it took in the memory of who saved it, as that says itself. */
  readonly usedMemoryBytes?: number;
}
