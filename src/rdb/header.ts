/** The first bytes of an RDB file: whose it is, and of which version. */
import type { Maker } from './value-shapes.ts';

export const HEADER_BYTES = 9;

export function readHeader(header: Buffer): { readonly maker: Maker; readonly version: number } | undefined {
  const [, word, version] = /^(REDIS(?=\d{4}$)|VALKEY(?=\d{3}$))(\d+)$/.exec(header.toString('latin1')) ?? [];
  if (version === undefined) return undefined;
  return { maker: word === 'VALKEY' ? 'valkey' : 'redis', version: Number(version) };
}
