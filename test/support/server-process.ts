/** One real server process: started on a free port in a folder of its own, and ended by its process id. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Word } from '../../src/resp/command.ts';
import { Connection } from '../../src/resp/connection.ts';
import type { ConnectionSettings } from '../../src/resp/connection-settings.ts';
import { Secret } from '../../src/resp/credentials.ts';
import { isRefused } from '../../src/resp/errors.ts';
import type { Reply } from '../../src/resp/reply.ts';
import type { TlsSettings } from '../../src/resp/socket.ts';
import { until } from './poll.ts';
import type { ServerBuild } from './servers.ts';
import { removeFolder, tempFolder } from './temp-folder.ts';

export interface ServerSetup {
  readonly build: ServerBuild;
  readonly host: string;
  readonly port: number;
  /** Lines of the configuration file. */
  readonly config: readonly string[];
  /** Further files in its folder, such as a nodes.conf. */
  readonly files?: Readonly<Record<string, string>>;
  /** How the tests themselves log in. */
  readonly password?: string;
  readonly user?: string;
  readonly tls?: TlsSettings;
}

export interface StartOptions {
  /** Further lines of configuration. */
  readonly config?: readonly string[];
  /** It counts as started while it is still loading its data. */
  readonly mayLoad?: boolean;
}

const running = new Set<ChildProcess>();
const folders = new Set<string>();
// Whatever ends this process, its servers end with it; a signal has to be made an exit by whoever runs it.
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
  for (const folder of folders) removeFolder(folder);
});

const TEST_CONNECTION: Pick<ConnectionSettings, 'connectTimeoutMs' | 'replyTimeoutMs'> = {
  connectTimeoutMs: 10_000,
  replyTimeoutMs: 30_000,
};

export class ServerProcess {
  readonly setup: ServerSetup;
  readonly folder: string;
  #child: ChildProcess | undefined;
  #connection: Connection | undefined;

  constructor(setup: ServerSetup) {
    this.setup = setup;
    this.folder = tempFolder(setup.build.name);
    folders.add(this.folder);
    for (const [name, content] of Object.entries(setup.files ?? {})) {
      writeFileSync(join(this.folder, name), content);
    }
  }

  get address(): string {
    return `${this.setup.host}:${this.setup.port}`;
  }

  get pid(): number {
    const pid = this.#child?.pid;
    if (pid === undefined) throw new Error(`${this.address} is not running`);
    return pid;
  }

  get isRunning(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  async start({ config: further = [], mayLoad = false }: StartOptions = {}): Promise<void> {
    const config = join(this.folder, 'server.conf');
    const common = [`dir ${this.folder}`, 'save ""', 'appendonly no', 'logfile server.log', 'daemonize no'];
    writeFileSync(config, [...common, ...this.setup.config, ...further, ''].join('\n'));
    const child = spawn(this.setup.build.server, [config], {
      stdio: ['ignore', 'ignore', 'inherit'],
      cwd: this.folder,
    });
    this.#child = child;
    running.add(child);
    child.once('exit', () => running.delete(child));
    await until(`${this.address} answers`, async () => {
      if (child.exitCode !== null) throw new Error(`${this.address} did not start:\n${this.log()}`);
      return this.#answers(mayLoad);
    });
  }

  async send(...words: Word[]): Promise<Reply> {
    if (!this.#connection || this.#connection.state === 'rested') this.#connection = this.#connect();
    return this.#connection.send({ args: words, decode: reply => reply });
  }

  async text(...words: Word[]): Promise<string> {
    return String(await this.send(...words));
  }

  signal(signal: NodeJS.Signals): void {
    process.kill(this.pid, signal);
  }

  /** Killed, and started again in its folder. */
  async restart(options: StartOptions = {}): Promise<void> {
    await this.kill();
    await this.start(options);
  }

  /** SIGKILL, and back only when the process is gone. Its folder stays, so that it can be started again. */
  async kill(): Promise<void> {
    this.#connection?.close();
    this.#connection = undefined;
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise(resolve => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
  }

  async dispose(): Promise<void> {
    await this.kill();
    removeFolder(this.folder);
    folders.delete(this.folder);
  }

  log(): string {
    try {
      return readFileSync(join(this.folder, 'server.log'), 'utf8');
    } catch {
      return '(no log)';
    }
  }

  #connect(): Connection {
    const { host, port, user, password, tls } = this.setup;
    const credentials =
      password === undefined ? undefined : { password: new Secret(password), ...(user && { user }) };
    const settings = { ...TEST_CONNECTION, ...(credentials && { credentials }), ...(tls && { tls }) };
    return new Connection(this.address, { kind: 'tcp', host, port }, settings);
  }

  async #answers(mayLoad: boolean): Promise<boolean> {
    const connection = this.#connect();
    try {
      await connection.send({ args: ['PING'], decode: () => true });
      return true;
    } catch (error) {
      if (mayLoad && isRefused(error, 'loading')) return true;
      await sleep(5);
      return false;
    } finally {
      connection.close();
    }
  }
}
