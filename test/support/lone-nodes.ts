/** Real servers in cluster mode that know nobody yet: what `create` and `add-node` are given. */
import type { TestContext } from 'vitest';
import type { TlsSettings } from '../../src/resp/socket.ts';
import { freePort } from './ports.ts';
import { ServerProcess } from './server-process.ts';
import type { ServerBuild } from './servers.ts';

export interface LoneNodesPlan {
  readonly build: ServerBuild;
  readonly count: number;
  /** Nodes are dealt out to these in order. */
  readonly hosts?: readonly string[];
  readonly nodeTimeoutMs?: number;
  readonly config?: (position: number) => readonly string[];
  readonly password?: string;
  /** How the tests log in where there is no password for everybody. */
  readonly user?: { readonly name: string; readonly password: string };
  readonly tls?: TlsSettings & { readonly config: readonly string[] };
  readonly builds?: Readonly<Record<number, ServerBuild>>;
}

const THREE_HOSTS = ['127.0.0.1', '127.0.0.2', '127.0.0.3'];
const NODE_TIMEOUT_MS = 2000;

export class LoneNodes {
  readonly nodes: readonly ServerProcess[];

  private constructor(nodes: readonly ServerProcess[]) {
    this.nodes = nodes;
  }

  static async start(plan: LoneNodesPlan): Promise<LoneNodes> {
    const { hosts = THREE_HOSTS } = plan;
    const nodes: ServerProcess[] = [];
    for (let i = 0; i < plan.count; i++) {
      const host = hosts[i % hosts.length] ?? '127.0.0.1';
      const port = await freePort(host);
      nodes.push(
        new ServerProcess({
          build: plan.builds?.[i] ?? plan.build,
          host,
          port,
          config: configOf(plan, host, port, await freePort(host), i),
          ...(plan.password !== undefined && { password: plan.password }),
          ...(plan.user && { user: plan.user.name, password: plan.user.password }),
          ...(plan.tls && { tls: plan.tls }),
        }),
      );
    }
    const started = new LoneNodes(nodes);
    try {
      await Promise.all(nodes.map(node => node.start()));
    } catch (error) {
      await started.dispose();
      throw error;
    }
    return started;
  }

  /** For one test, and ended with it. */
  static async startFor(t: TestContext, plan: LoneNodesPlan): Promise<LoneNodes> {
    const started = await LoneNodes.start(plan);
    t.onTestFinished(() => started.dispose());
    return started;
  }

  get addresses(): string[] {
    return this.nodes.map(node => node.address);
  }

  node(position: number): ServerProcess {
    const node = this.nodes[position];
    if (!node) throw new Error(`there is no node ${position}`);
    return node;
  }

  async dispose(): Promise<void> {
    await Promise.all(this.nodes.map(node => node.dispose()));
  }
}

function configOf(
  { nodeTimeoutMs = NODE_TIMEOUT_MS, password, tls, config }: LoneNodesPlan,
  host: string,
  port: number,
  busPort: number,
  position: number,
): string[] {
  return [
    `bind ${host}`,
    // Without it a node on loopback calls from 127.0.0.1 whatever it is bound to, and is taken to be there.
    `bind-source-addr ${host}`,
    ...(tls
      ? ['port 0', `tls-port ${port}`, 'tls-cluster yes', 'tls-replication yes', ...tls.config]
      : [`port ${port}`]),
    'protected-mode no',
    'cluster-enabled yes',
    'cluster-config-file nodes.conf',
    `cluster-port ${busPort}`,
    `cluster-node-timeout ${nodeTimeoutMs}`,
    'repl-diskless-sync-delay 0',
    ...(password === undefined ? [] : [`requirepass "${password}"`, `masterauth "${password}"`]),
    ...(config?.(position) ?? []),
  ];
}
