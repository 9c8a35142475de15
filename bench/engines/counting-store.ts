import { setImmediate } from 'node:timers/promises'
import type { DecidingRow, Digest, ScanChunk, ScanEnd, StoredRow } from '#dist/ports/index.js'
import { SqliteStore } from '#dist/store/sqlite/index.js'

/**
 * The SQLite store. Counts the rows that are asked for, and says whether a scan (a rebuild of the prefilter)
 * is under way.
 */
export class CountingStore extends SqliteStore {
  reads = 0
  scanning = false
  #held: Promise<void> | undefined

  /** From now on scans wait, until what it returns is called. */
  holdScans(): () => void {
    let release = (): void => undefined
    this.#held = new Promise((resolve) => {
      release = resolve
    })
    return release
  }

  /** Resolves when a scan is under way; rejects where none begins within seconds. */
  async scanBegins(): Promise<void> {
    for (const until = performance.now() + 10_000; !this.scanning;) {
      if (performance.now() > until) throw new Error('the prefilter is not being rebuilt')
      await setImmediate()
    }
  }

  override get(digest: Digest): StoredRow | undefined {
    this.reads++
    return super.get(digest)
  }

  override getDeciding(digest: Digest): DecidingRow | undefined {
    this.reads++
    return super.getDeciding(digest)
  }

  override async *scan(liveAfter: number): AsyncGenerator<ScanChunk, ScanEnd, void> {
    await this.#held
    this.scanning = true
    try {
      return yield* super.scan(liveAfter)
    } finally {
      this.scanning = false
    }
  }
}
