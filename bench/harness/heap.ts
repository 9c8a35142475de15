import { getHeapStatistics } from 'node:v8'

/** A heap has noise of its own: this much is filled before it is weighed. */
const ENTRIES = 50_000

/** Heap bytes an entry of something that lives there, for so many entries. Its process needs --expose-gc. */
export function heapBytesPerEntry(n: number, make: () => object): number {
  const kept: object[] = []
  const before = used()
  for (let entries = 0; entries < ENTRIES; entries += n) kept.push(make())
  return (used() - before) / (kept.length * n)
}

function used(): number {
  globalThis.gc?.()
  return getHeapStatistics().used_heap_size
}
