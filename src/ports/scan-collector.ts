import type { ScanChunk, ScanEnd } from './change-log.js'

/**
 * An ES module that collects the rows of a scan in the thread that reads them. It exports `createCollector`,
 * a {@link CreateCollector}.
 */
export interface CollectorModule {
  /** What `import()` takes. */
  readonly url: string
  /** For `createCollector`; sent between threads. */
  readonly options: unknown
}

/** Makes a collector for one scan. */
export type CreateCollector = (options: unknown) => ScanCollector

/** Takes the rows of one scan. */
export interface ScanCollector {
  /** Copies what it keeps. */
  add(chunk: Pick<ScanChunk, 'digests' | 'expiresAt'>): void
  /**
   * Makes the result, in steps of about a millisecond: between two of them the thread may do other work, or
   * leave off.
   */
  finish(): Generator<undefined, CollectorResult, void>
}

/** What a collector made of the rows. */
export interface CollectorResult {
  /** Sent between threads. */
  readonly value: unknown
  /** The memory in it that is handed over without a copy. */
  readonly transfer: readonly ArrayBuffer[]
}

/** What {@link RevocationStore.collect} resolves with. */
export interface Collected {
  /** The value of the {@link CollectorResult}. */
  readonly value: unknown
  readonly end: ScanEnd
}
