/** Conformance suites for those who write a layer of their own, independent of the test runner. */
export { prefilterSuite, someDigests, type PrefilterRequest } from './prefilter-suite.js'
export type { StoreFixture, StoreHarness } from './store/harness.js'
export { storeSuite } from './store/suite.js'
export type { SuiteRunner } from './suite-runner.js'
