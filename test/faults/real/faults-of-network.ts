/** Faults between slotctl and the servers. The servers lose nothing by them, so nothing at all may be lost. */
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../../support/poll.ts';
import { TcpProxy } from '../../support/tcp-proxy.ts';
import { type Fault, type Scene, sometime, type Underway } from './scene.ts';

type Disturb = (proxies: readonly TcpProxy[], scene: Underway) => Promise<void>;

/** All of slotctl's connections go through proxies; clients and servers do without. */
function betweenThem(name: string, disturb: Disturb): Fault {
  const open = new Map<string, TcpProxy[]>();
  return {
    name,
    async prepare({ bed, folder }: Scene) {
      const ways: string[] = [];
      const proxies: TcpProxy[] = [];
      for (const { host, port } of bed.cluster.members) {
        const proxy = await TcpProxy.open({ host, port });
        proxies.push(proxy);
        ways.push(`${host}:${port}=127.0.0.1:${proxy.port}`);
      }
      open.set(folder, proxies);
      return ['--address-map', ways.join()];
    },
    async strike(scene) {
      const proxies = open.get(scene.folder) ?? [];
      // A program takes its time to start, on a busy machine more of it.
      await until('slotctl has connected, or is over', () => areUsed(proxies) || scene.isOver());
      // At the end of its time only the last looks are left, or nothing.
      await disturb(proxies, { ...scene, span: { from: 0, to: (scene.span.to - scene.span.from) / 2 } });
    },
    async relieve({ folder }) {
      for (const proxy of open.get(folder) ?? []) proxy.close();
      open.delete(folder);
    },
  };
}

function areUsed(proxies: readonly TcpProxy[]): boolean {
  return proxies.some(({ connections }) => connections > 0);
}

function areDisturbed(proxies: readonly TcpProxy[]): boolean {
  return proxies.some(({ disturbed }) => disturbed > 0);
}

/** Once, or several times in a row, so that whatever is tried anew is hit, too. */
async function cutAll(proxies: readonly TcpProxy[], { random, span, hit }: Underway): Promise<void> {
  await sometime(random, span);
  for (let times = 1 + random.below(4); times > 0; times--) {
    if (proxies.filter(proxy => proxy.cut()).length > 0) hit();
    await sleep(random.below(150));
  }
}

export const CUT: Fault = betweenThem('connections cut', cutAll);

/** Commands arrive and are carried out, and nobody hears of it. */
export const REPLIES_LOST: Fault = betweenThem(
  'replies lost, then connections cut',
  async (proxies, scene) => {
    const { random, span, hit, isOver } = scene;
    await sometime(random, span);
    const deaf = proxies.filter(() => random.chance(60));
    for (const proxy of deaf) proxy.isMute = true;
    await until('a reply is lost, or none comes any more', () => areDisturbed(deaf) || isOver());
    if (areDisturbed(deaf)) hit();
    await sleep(random.below(60));
    for (const proxy of deaf) {
      proxy.cut();
      proxy.isMute = false;
    }
  },
);

export const REPLIES_LATE: Fault = betweenThem('replies delayed', async (proxies, scene) => {
  const { random, span, hit, isOver } = scene;
  await sometime(random, { from: 0, to: span.to });
  for (const proxy of proxies) proxy.delayMs = 1 + random.below(40);
  await until('a reply comes late, or none comes any more', () => areDisturbed(proxies) || isOver());
  if (areDisturbed(proxies)) hit();
});
