import { getHeapStatistics } from 'node:v8'

/** Entries weighed at least: the heap of an idle process varies by some kilobytes. */
const ENTRIES = 50_000

/** Heap bytes an entry of something that `make` fills with `n` entries. The process needs --expose-gc. */
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
