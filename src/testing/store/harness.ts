import type { RevocationStore } from '../../ports/index.js'

/** A new, empty place for data. */
export interface StoreFixture {
  /** A new, not yet opened store on that data. Several may be open at once, as in several processes. */
  readonly connect: () => RevocationStore
  /**
   * Takes a backup, and returns what restores it under the open stores. Only for a store that has `contains`,
   * and optional there.
   */
  readonly backup?: () => Promise<() => Promise<void>>
  /** Called at the end of a test, when every store is closed. */
  readonly dispose: () => Promise<void>
}

/** Makes places for data. */
export interface StoreHarness {
  readonly make: () => Promise<StoreFixture>
}

/**
 * Defines a test. Each gets a new, empty place for data; the stores that it connects are closed at its end.
 */
export type SuiteIt = (
  title: string,
  test: (fixture: Pick<StoreFixture, 'connect' | 'backup'>) => Promise<void>,
) => void
