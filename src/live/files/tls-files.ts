/** Certificates and keys, from where the person says they are. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { TlsFiles } from '../../resp/tls-files.ts';
import { atPath, readBytes } from './whole-file.ts';

export interface TlsPaths {
  readonly cacert?: string;
  readonly cacertdir?: string;
  readonly cert?: string;
  readonly key?: string;
}

export async function readTlsFiles(paths: TlsPaths): Promise<TlsFiles> {
  const [own, folder, cert, key] = await Promise.all([
    paths.cacert === undefined ? undefined : readBytes(paths.cacert),
    paths.cacertdir === undefined ? undefined : readFolder(paths.cacertdir),
    paths.cert === undefined ? undefined : readBytes(paths.cert),
    paths.key === undefined ? undefined : readBytes(paths.key),
  ]);
  const ca = [...(own ? [own] : []), ...(folder ?? [])];
  return { ...(ca.length > 0 && { ca }), ...(cert && { cert }), ...(key && { key }) };
}

async function readFolder(path: string): Promise<Buffer[]> {
  const names = await atPath(path, 'read', () => readdir(path));
  const files = await Promise.all(
    names.filter(name => /\.(pem|crt|cer|0)$/.test(name)).map(name => readBytes(join(path, name))),
  );
  return files.filter(file => file.includes('-----BEGIN CERTIFICATE-----'));
}
