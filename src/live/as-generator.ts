/** What happens at the same time, told in one line. */
export type Tell<T> = (event: T) => void;

/** Events that arrive while several things are under way, one after the other. */
export async function* asGenerator<T>(start: (tell: Tell<T>) => Promise<void>): AsyncGenerator<T> {
  const waiting: T[] = [];
  let wake = () => {};
  let over = false;
  const work = start(event => {
    waiting.push(event);
    wake();
  }).finally(() => {
    over = true;
    wake();
  });
  while (!over || waiting.length > 0) {
    const event = waiting.shift();
    if (event !== undefined) yield event;
    else {
      await new Promise<void>(resolve => {
        wake = resolve;
      });
    }
  }
  await work;
}
