/**
 * A port that answers no handshake, as behind a firewall that drops: a stopped process whose queue of connections is
 * full. Linux then ignores further ones.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

const LISTENER = `
  const server = require('net').createServer(() => {});
  server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => console.log(server.address().port));
`;
/** The queue takes one more than the backlog; the rest is to be sure. */
const FILLERS = 8;

export class BlackHole {
  readonly port: number;
  readonly #child: ChildProcess;
  readonly #fillers: readonly Socket[];

  private constructor(child: ChildProcess, port: number, fillers: readonly Socket[]) {
    this.#child = child;
    this.port = port;
    this.#fillers = fillers;
  }

  static async dig(): Promise<BlackHole> {
    const child = spawn(process.execPath, ['-e', LISTENER], { stdio: ['ignore', 'pipe', 'inherit'] });
    const kill = () => child.kill('SIGKILL');
    process.once('exit', kill);
    child.once('exit', () => process.removeListener('exit', kill));
    const [line] = await once(child.stdout, 'data');
    const port = Number(String(line).trim());
    child.kill('SIGSTOP');
    const fillers = Array.from({ length: FILLERS }, () => connect(port, '127.0.0.1').on('error', () => {}));
    await once(fillers[0] as Socket, 'connect');
    return new BlackHole(child, port, fillers);
  }

  async fill(): Promise<void> {
    for (const filler of this.#fillers) filler.destroy();
    const gone = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await gone;
  }
}
