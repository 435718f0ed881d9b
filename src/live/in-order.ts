/** Does work for many at the same time, and tells what comes of it in their order. */

/**
 * At most so many are under way or done and not told yet, so that whoever is slow holds back the others before what they
 * have answered fills the memory.
 */
export async function* inOrder<T, R>(
  items: readonly T[],
  most: number,
  work: (item: T) => Promise<R>,
): AsyncGenerator<R> {
  const begun: Promise<R>[] = [];
  const begin = (item: T) => {
    const result = work(item);
    // Whoever is through with the first failure does not wait for the next.
    result.catch(() => {});
    begun.push(result);
  };
  for (const item of items.slice(0, most)) begin(item);
  for (let told = 0; told < items.length; told++) {
    const result = begun.shift();
    if (result) yield await result;
    const next = items[told + most];
    if (next !== undefined) begin(next);
  }
}
