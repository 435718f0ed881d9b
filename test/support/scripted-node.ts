/**
 * A port that answers as it was told: for states in which no real server stays, since real ones talk to each other
 * and mend them. It reads whole requests of plain words, which is all that it is asked.
 */
import { createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import { reply as captured } from './fixtures.ts';
import { listen, portOf } from './listen.ts';

/** What comes in place of a reply: a beginning, and then the same over and over. */
export interface Flood {
  readonly begin: string;
  readonly again: string;
  readonly times: number;
}

export function pour(socket: Socket, { begin, again, times }: Flood): void {
  let left = times;
  const more = () => {
    while (left-- > 0) if (!socket.write(again)) return;
  };
  socket.on('drain', more).write(begin);
  more();
}

export class ScriptedNode {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** By command name; what is not here is answered as a healthy primary would. */
  readonly answers = new Map<string, string>();
  /** By the first word of a command. */
  readonly floods = new Map<string, Flood>();
  /** Everything that was ever sent to it. */
  received = '';
  connections = 0;
  /** Each reply is kept for so long before it goes out, and the next after it. */
  delayMs = 0;

  private constructor(tls?: TlsOptions) {
    this.#server = tls ? createTlsServer(tls) : createServer();
    this.#server.on('tlsClientError', () => {});
    this.#server.on(tls ? 'secureConnection' : 'connection', (socket: Socket) => {
      this.#sockets.add(socket);
      this.connections++;
      let text = '';
      let sent = Promise.resolve();
      socket
        .on('error', () => {})
        .on('data', data => {
          text += data;
          this.received += data;
          for (let request = takeRequest(text); request; request = takeRequest(text)) {
            text = text.slice(request.length);
            const flood = this.floods.get(request.words[0]?.toUpperCase() ?? '');
            if (flood) pour(socket, flood);
            else if (this.delayMs === 0) socket.write(this.#answer(request.words));
            else
              sent = sent
                .then(() => sleep(this.delayMs, undefined, { ref: false }))
                .then(() => void socket.write(this.#answer(request.words)));
          }
        });
    });
  }

  /** With settings for TLS, it speaks that. */
  static async listen(tls?: TlsOptions): Promise<ScriptedNode> {
    const node = new ScriptedNode(tls);
    await listen(node.#server);
    return node;
  }

  /** The one node of a cluster, or of none. */
  static async alone({ isCluster }: { readonly isCluster: boolean }): Promise<ScriptedNode> {
    const node = await ScriptedNode.listen();
    const own = `${(isCluster ? 'a' : 'b').repeat(40)} ${node.address}@1 myself,master - 0 0 1 connected 0-16383`;
    node.answers.set(
      'CLUSTER NODES',
      isCluster ? bulk(`${own}\n`) : '-ERR This instance has cluster support disabled\r\n',
    );
    const info = captured('redis-7.0/info-primary').toString();
    const told = isCluster
      ? info
      : `${info.replace('cluster_enabled:1', 'cluster_enabled:0')}\r\ndb0:keys=5,expires=0,avg_ttl=0\r\n`;
    for (const words of ['INFO', 'INFO SERVER']) node.answers.set(words, bulk(told));
    node.answers.set('DBSIZE', isCluster ? ':0\r\n' : ':5\r\n');
    return node;
  }

  get port(): number {
    return portOf(this.#server);
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }

  #answer(words: readonly string[]): string {
    const known = this.answers.get(words.join(' ').toUpperCase());
    if (known !== undefined) return known;
    switch (words.join(' ').toUpperCase()) {
      case 'INFO':
        return bulk(captured('redis-7.0/info-primary').toString());
      case 'CLUSTER INFO':
        return bulk('cluster_state:ok\r\n');
      case 'DBSIZE':
        return ':0\r\n';
      default:
        return '-ERR unknown command\r\n';
    }
  }
}

export function bulk(text: string): string {
  return `$${Buffer.byteLength(text)}\r\n${text}\r\n`;
}

function takeRequest(text: string): { words: string[]; length: number } | undefined {
  const match = /^\*(\d+)\r\n((?:\$\d+\r\n[^\r]*\r\n)*)/.exec(text);
  const words = [...(match?.[2] ?? '').matchAll(/\$\d+\r\n([^\r]*)\r\n/g)].map(([, word = '']) => word);
  const count = Number(match?.[1] ?? 0);
  if (!match || words.length < count) return undefined;
  const own = words.slice(0, count);
  const length =
    `*${count}\r\n`.length + own.reduce((sum, word) => sum + `$${word.length}\r\n${word}\r\n`.length, 0);
  return { words: own, length };
}
