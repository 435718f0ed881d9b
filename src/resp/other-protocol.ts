/** Asks a port that did not answer as expected whether it speaks the other of the two: TLS, or plain text. */
import { connect, isIP, type Socket } from 'node:net';
import { TlsError } from './errors.ts';
import type { Endpoint } from './socket.ts';

export type Wire = 'tls' | 'plain';

export interface Asking {
  readonly limitMs: number;
  /** Ends it early, with no. */
  readonly signal: AbortSignal;
}

type Port = Extract<Endpoint, { kind: 'tcp' }>;

/** What is to be told of such a port, where it is one. */
export async function otherWire(
  wire: Wire,
  port: Port,
  asking: Asking,
  node: string,
): Promise<TlsError | undefined> {
  return (await speaks(wire, port, asking)) ? new TlsError(node, OTHER_WIRE[wire]) : undefined;
}

const OTHER_WIRE = {
  tls: 'it speaks TLS, and was asked in plain text; add --tls',
  plain: 'it speaks plain text, and was asked in TLS; leave out --tls, and the options that imply it',
} as const;

/** Nothing of what is to be kept is said: no password, and no command but PING. */
export function speaks(wire: Wire, port: Port, asking: Asking): Promise<boolean> {
  return wire === 'tls' ? speaksTls(port, asking) : speaksPlain(port, asking);
}

async function speaksTls({ host, port }: Port, asking: Asking): Promise<boolean> {
  const { connect: connectTls } = await import('node:tls');
  const socket = connectTls({
    host,
    port,
    ...(isIP(host) === 0 && { servername: host }),
    // Whose certificate it is does not matter: nothing is said.
    rejectUnauthorized: false,
  });
  return answerOf(socket, asking, answer => {
    socket.once('secureConnect', () => answer(true));
    // A refusal in TLS is an answer in TLS.
    socket.once('error', (error: Error & { code?: string }) =>
      answer(/^ERR_SSL_.*ALERT/.test(error.code ?? '')),
    );
  });
}

function speaksPlain({ host, port }: Port, asking: Asking): Promise<boolean> {
  const socket = connect({ host, port }, () => socket.write('*1\r\n$4\r\nPING\r\n'));
  return answerOf(socket, asking, answer => {
    socket.once('data', chunk => answer(/^(\+PONG|-[A-Z]{2,20}[ \r])/.test(chunk.toString('latin1'))));
    socket.once('error', () => answer(false));
  });
}

async function answerOf(
  socket: Socket,
  { limitMs, signal }: Asking,
  listen: (answer: (isYes: boolean) => void) => void,
): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const isYes = await new Promise<boolean>(resolve => {
    const no = () => resolve(false);
    timer = setTimeout(no, limitMs);
    signal.addEventListener('abort', no, { once: true });
    socket.once('close', no);
    listen(resolve);
  });
  clearTimeout(timer);
  socket.on('error', () => {}).destroy();
  return isYes;
}
