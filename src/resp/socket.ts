/** How to get a byte stream to a node: plain TCP, TLS, or a unix socket, and what each failure means. */
import { getServers } from 'node:dns';
import { connect as connectPlain, isIP, type Socket } from 'node:net';
import type { SecureContext } from 'node:tls';
import { ConnectError, TlsError } from './errors.ts';
import { excerpt } from './reply.ts';

export type Endpoint =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number; readonly hostname?: string }
  | { readonly kind: 'unix'; readonly path: string };

export interface TlsSettings {
  /** Authorities, certificate and key. */
  readonly context: SecureContext;
  /** Asked of the server, and the name that its certificate must bear. */
  readonly serverName?: string;
  /** The certificate is not looked at. */
  readonly insecure: boolean;
}

/**
 * A look-up cannot be called off, and a process does not end before its look-ups do: with a resolver that does not
 * answer that is ten seconds and more. So the system's resolver is told to try each of its servers once, and for how
 * long. Whoever has set RES_OPTIONS knows what they want.
 */
function limitLookUps(limitMs: number): void {
  const eachMs = limitMs / Math.max(1, getServers().length);
  process.env['RES_OPTIONS'] ??= `timeout:${Math.max(1, Math.floor(eachMs / 1000))} attempts:1`;
}

/** Opens the stream; `ready` is called once it can be written to. Errors are the socket's own events. */
export async function openSocket(
  endpoint: Endpoint,
  { tls, connectTimeoutMs }: { tls: TlsSettings | undefined; connectTimeoutMs: number },
  ready: () => void,
): Promise<Socket> {
  if (endpoint.kind === 'unix') return connectPlain({ path: endpoint.path }, ready);
  const { host, port } = endpoint;
  if (isIP(host) === 0) limitLookUps(connectTimeoutMs);
  if (!tls) return connectPlain({ host, port, noDelay: true, keepAlive: true }, ready);
  // Loaded only when used, as in tls-files.ts.
  const { checkServerIdentity, connect } = await import('node:tls');
  // By its announced name where it has one: few certificates bear ip addresses.
  const name = tls.serverName ?? endpoint.hostname ?? host;
  const socket = connect(
    {
      host,
      port,
      secureContext: tls.context,
      // A server is asked for a name only; an address is compared with the certificate, and that is all.
      ...(isIP(name) === 0 && { servername: name }),
      ...(tls.serverName !== undefined && {
        checkServerIdentity: (_, cert) => checkServerIdentity(name, cert),
      }),
      rejectUnauthorized: !tls.insecure,
    },
    ready,
  );
  socket.setNoDelay(true);
  return socket;
}

const SYSTEM_ERRORS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused: nothing listens there',
  ECONNRESET: 'the connection was reset',
  ENOTFOUND: 'no such host',
  EAI_AGAIN: 'the host name could not be looked up',
  EHOSTUNREACH: 'no route to the host',
  ENETUNREACH: 'no route to the network',
  ETIMEDOUT: 'the connection timed out',
  ENOENT: 'there is no such socket file',
  EACCES: 'permission denied',
  EMFILE: 'too many open files: raise the limit (ulimit -n)',
};

/** What is said of a failure may be words of the other end: names in a certificate, for one. */
export const LONGEST_REASON = 300;

/** Says in words why no connection came about. */
export function connectError(node: string, error: Error & { code?: string }, tls: boolean): ConnectError {
  const code = error.code ?? '';
  const known = SYSTEM_ERRORS[code];
  if (tls && !(code in SYSTEM_ERRORS && code !== 'ECONNRESET'))
    return new TlsError(node, tlsProblem(code, error));
  return new ConnectError(node, known ?? excerpt(error.message, LONGEST_REASON));
}

function tlsProblem(code: string, error: Error): string {
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return `the certificate is for another name (${excerpt(error.message, LONGEST_REASON)}); name the one it bears with --sni`;
  }
  if (/SELF_SIGNED|UNABLE_TO_GET_ISSUER|UNABLE_TO_VERIFY/.test(code)) {
    return 'the certificate is not signed by a known authority; name it with --cacert';
  }
  if (code === 'CERT_HAS_EXPIRED') return 'the certificate has expired';
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER')
    return 'the port does not speak TLS; leave out --tls, and the options that imply it';
  if (code === 'ECONNRESET') return 'the server ended the TLS handshake';
  if (/CERTIFICATE_REQUIRED|HANDSHAKE_FAILURE|BAD_CERTIFICATE|UNKNOWN_CA/.test(code)) {
    return 'the server does not accept our certificate; give one with --cert and --key';
  }
  return `TLS failed: ${excerpt(error.message, LONGEST_REASON)}`;
}
