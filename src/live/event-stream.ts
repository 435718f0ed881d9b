/** Makes a stream of what several things under way have to tell. */
import { Queue } from './keys/queue.ts';

export type Tell<T> = (event: T) => void;

/** Events that arrive while several things are under way, one after the other. */
export async function* asGenerator<T>(start: (tell: Tell<T>) => Promise<void>): AsyncGenerator<T> {
  const queue = new Queue<T>();
  const work = start(event => void queue.give(event)).finally(() => queue.close());
  for (let event = await queue.take(); event !== undefined; event = await queue.take()) yield event;
  await work;
}
