/** Certificates and keys are looked at once, before anything is connected to, so that what is wrong with them is said. */
import { InputError } from '../topology/input-error.ts';
import type { TlsSettings } from './socket.ts';

export interface TlsFiles {
  readonly ca?: readonly Buffer[];
  readonly cert?: Buffer;
  readonly key?: Buffer;
}

export interface TlsChoices {
  readonly serverName?: string;
  readonly insecure: boolean;
}

export async function tlsSettings({ ca, cert, key }: TlsFiles, choices: TlsChoices): Promise<TlsSettings> {
  if (ca && !ca.every(file => file.includes('-----BEGIN CERTIFICATE-----'))) {
    throw new InputError('the file with the authorities holds no certificate in PEM form');
  }
  // Loaded only when used: it costs milliseconds that every plain run would pay.
  const { createSecureContext } = await import('node:tls');
  try {
    const context = createSecureContext({
      ...(ca && { ca: [...ca] }),
      ...(cert && { cert }),
      ...(key && { key }),
    });
    return { ...choices, context };
  } catch (error) {
    throw new InputError(explain(error));
  }
}

function explain(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  if (/key values mismatch/i.test(text)) return 'the private key does not belong to the client certificate';
  if (/bad decrypt|interrupted or cancelled|password|passphrase/i.test(text)) {
    return 'the private key is encrypted; give one that is not';
  }
  return `the certificates or the private key cannot be used: ${text}`;
}
