/** For tests: conformance suites for those who write a layer of their own, and a store in memory. */
export { MemoryStore } from './memory-store.js'
export { prefilterSuite, someDigests, type PrefilterRequest } from './prefilter-suite.js'
export type { StoreFixture, StoreHarness } from './store/harness.js'
export { storeSuite } from './store/suite.js'
export type { SuiteRunner } from './suite-runner.js'
