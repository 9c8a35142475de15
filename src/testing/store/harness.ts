import type { RevocationStore } from '../../ports/index.js'

/** One place to keep data, new and empty. */
export interface StoreFixture {
  /** A new, not yet opened store on that data. Several may be open at once, as in several processes. */
  readonly connect: () => RevocationStore
  /** Called at the end, with every store closed. */
  readonly dispose: () => Promise<void>
}

/** Makes places for data. */
export interface StoreHarness {
  readonly make: () => Promise<StoreFixture>
}

/** How the suites define a test: each gets a new, empty place for data, and what it connects is closed. */
export type SuiteIt = (title: string, test: (fixture: Pick<StoreFixture, 'connect'>) => Promise<void>) => void
