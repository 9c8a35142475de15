/** Calls for every item, `most` at a time: fills a server without a round trip for each. */
export async function inFlight<T>(
  items: Iterable<T>,
  most: number,
  call: (item: T) => unknown,
): Promise<void> {
  const iterator = items[Symbol.iterator]()
  const one = async (): Promise<void> => {
    for (let next = iterator.next(); next.done !== true; next = iterator.next()) await call(next.value)
  }
  await Promise.all(Array.from({ length: most }, one))
}
