/** Calls for all items, so many at a time: how a server is filled without a round trip each. */
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
