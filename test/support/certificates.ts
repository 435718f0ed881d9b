/** A certificate authority for one test, and what it signs. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tempFolder } from './temp-folder.ts';

export interface Certificates {
  readonly folder: string;
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
  /** Lines for a server's configuration. */
  readonly config: readonly string[];
  read(path: string): Buffer;
}

/** Names as OpenSSL writes them: `IP:127.0.0.1`, `DNS:cache.example`. */
export function makeCertificates(names: readonly string[], commonName = 'node'): Certificates {
  const folder = tempFolder('certificates');
  const at = (name: string) => join(folder, name);
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
  const key = (name: string) =>
    openssl('genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256', '-out', name);
  key('ca.key');
  openssl(
    'req',
    '-x509',
    '-new',
    '-key',
    'ca.key',
    '-subj',
    '/CN=test authority',
    '-days',
    '2',
    '-out',
    'ca.crt',
  );
  key('node.key');
  openssl('req', '-new', '-key', 'node.key', '-subj', `/CN=${commonName}`, '-out', 'node.csr');
  writeFileSync(
    at('names'),
    names.length === 0 ? 'basicConstraints=CA:FALSE\n' : `subjectAltName=${names.join(',')}\n`,
  );
  openssl(
    'x509',
    '-req',
    '-in',
    'node.csr',
    '-CA',
    'ca.crt',
    '-CAkey',
    'ca.key',
    '-CAcreateserial',
    '-days',
    '2',
    '-extfile',
    'names',
    '-out',
    'node.crt',
  );
  const [ca, cert, nodeKey] = [at('ca.crt'), at('node.crt'), at('node.key')];
  return {
    folder,
    ca,
    cert,
    key: nodeKey,
    config: [`tls-cert-file ${cert}`, `tls-key-file ${nodeKey}`, `tls-ca-cert-file ${ca}`],
    read: path => readFileSync(path),
  };
}

/** The node's key under a passphrase: the path of that file. */
export function encrypted({ folder, key }: Certificates): string {
  const path = join(folder, 'encrypted.key');
  execFileSync('openssl', ['pkey', '-in', key, '-aes256', '-passout', 'pass:secret', '-out', path], {
    stdio: 'pipe',
  });
  return path;
}
