/**
 * The process that stands in for whole clusters. It is told on standard input what to be, says on standard output
 * where it listens, and ends when its standard input does, so that it never outlives who started it.
 */
import { createServer, type Server, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { freePort } from '../../test/support/ports.ts';
import type { CapturedReplies } from './capture.ts';
import { type Listener, layOut } from './node-list.ts';
import type { Pace } from './pace.ts';
import { type Answer, answersOf, commandName } from './replies.ts';
import { RequestReader } from './request-reader.ts';

export interface StandInCluster {
  readonly nodes: number;
  /** How long each node works on an answer; where nothing is said, it answers at once. */
  readonly pace: Pace;
}

/** The one line that the process reads. */
export interface StandInPlan {
  readonly clusters: readonly StandInCluster[];
  readonly captured: CapturedReplies;
}

/** The one line that it writes: the address of a node of each cluster. */
export type StandInEntries = readonly string[];

/** Nine, because 5, 50 and 500 are no multiples of it: a replica then is never on its primary's host. */
const HOSTS = Array.from({ length: 9 }, (_, i) => `127.0.0.${i + 1}`);
/** Clients that open a thousand connections at once must not be turned away. */
const BACKLOG = 4096;
const LISTEN_TRIES = 20;

export async function serveStandIns(): Promise<number> {
  // Ctrl-C reaches the whole process group; the end of standard input tells us when to go.
  process.on('SIGINT', () => {});
  const input = createInterface({ input: process.stdin });
  const over = new Promise<void>(resolve => input.once('close', resolve));
  const line = await new Promise<string>(resolve => input.once('line', resolve));
  const plan: StandInPlan = JSON.parse(line);
  const entries: StandInEntries = await Promise.all(
    plan.clusters.map(cluster => serveCluster(cluster, plan.captured)),
  );
  process.stdout.write(`${JSON.stringify(entries)}\n`);
  await over;
  // There is no need to close a thousand servers one by one.
  process.exit(0);
}

/** Returns the address of the first node. */
async function serveCluster({ nodes, pace }: StandInCluster, captured: CapturedReplies): Promise<string> {
  const places: { listener: Listener; server: Server }[] = [];
  for (let i = 0; i < nodes; i++) places.push(await listen(HOSTS[i % HOSTS.length] ?? '127.0.0.1'));
  const answers = answersOf(layOut(places.map(place => place.listener)), captured);
  places.forEach(({ server }, i) => {
    const answer = answers[i];
    if (answer) server.on('connection', socket => converse(socket, answer, pace));
  });
  const [first] = places;
  if (!first) throw new RangeError('a cluster has at least two nodes');
  return `${first.listener.host}:${first.listener.port}`;
}

async function listen(host: string): Promise<{ listener: Listener; server: Server }> {
  for (let tries = 0; tries < LISTEN_TRIES; tries++) {
    const port = await freePort(host);
    const server = createServer({ noDelay: true });
    const taken = await new Promise<boolean>(resolve => {
      server.once('error', () => resolve(true));
      server.listen({ host, port, backlog: BACKLOG }, () => resolve(false));
    });
    if (!taken) return { listener: { host, port }, server };
  }
  throw new Error(`no port to listen on at ${host}`);
}

function converse(socket: Socket, answer: Answer, pace: Pace): void {
  const reader = new RequestReader();
  socket.on('error', () => socket.destroy());
  let freeAt = 0;
  socket.on('data', chunk => {
    const requests = reader.push(chunk);
    const workMs = requests.reduce((sum, words) => sum + (pace[commandName(words)] ?? 0), 0);
    freeAt = Math.max(freeAt, performance.now()) + workMs;
    atTime(freeAt, () => {
      // Replies to what came together leave together.
      socket.cork();
      for (const words of requests) socket.write(answer(words));
      socket.uncork();
    });
  });
}

/** In turns of the event loop and not with a timer, whose milliseconds are longer than an answer takes. */
function atTime(timeMs: number, act: () => void): void {
  if (performance.now() >= timeMs) act();
  else setImmediate(atTime, timeMs, act);
}
