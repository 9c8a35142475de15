import { setImmediate as nextTurn } from 'node:timers/promises'
import { isPromise } from '../../ports/is-promise.js'
import type { StoreOptions } from '../options.js'
import { withReadable } from '../read-store.js'
import { median } from '../statistics.js'
import { openNamespace } from '../transfer/open-store.js'
import { requireStore } from '../with-store.js'
import { digestSource } from './digests.js'

/** Reads that are timed, at most, and before those that are. */
const READS = 2000
const WARM_UP = 50
const LIMIT_MS = 1000
/** Reads between two turns of the event loop, which a store that answers at once does not need. */
const TURN = 64

/** Reads of a store by digests that it does not hold, one after the other. */
export interface StoreReads {
  /** One read: a promise, if the store answers by one. */
  readonly read: () => unknown
  /** Nanoseconds of one, their median. */
  readonly medianNs: number
}

/**
 * Opens a store that must exist, times reads of it, and keeps it open for `use`.
 *
 * @throws {CliError} ERR_STORE_UNAVAILABLE when there is no store, or no such namespace in it
 * @throws {RevocadeError} when the store can't be opened or read
 */
export async function withStoreReads<T>(
  options: StoreOptions,
  use: (reads: StoreReads) => Promise<T>,
): Promise<T> {
  return withReadable(options, async (readable) => {
    await requireStore(readable)
    const { store } = await openNamespace(readable)
    try {
      const random = digestSource(5)
      const digest = new Int32Array(4)
      const read = (): unknown => store.get(random(digest))
      return await use({ read, medianNs: await time(read) })
    } finally {
      await store.close()
    }
  })
}

async function time(read: () => unknown): Promise<number> {
  const times: number[] = []
  const deadline = performance.now() + LIMIT_MS
  for (let done = 0; done < WARM_UP + READS; done++) {
    const start = process.hrtime.bigint()
    const row = read()
    if (isPromise(row)) await row
    const ns = Number(process.hrtime.bigint() - start)
    if (done >= WARM_UP) times.push(ns)
    if (done % TURN === 0) await nextTurn()
    if (times.length > 0 && performance.now() > deadline) break
  }
  return median(times)
}
