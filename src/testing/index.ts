/** Conformance suites for stores and prefilters of your own. They run in any test runner. */
export { prefilterSuite, someDigests, type PrefilterRequest } from './prefilter-suite.js'
export type { StoreFixture, StoreHarness } from './store/harness.js'
export { storeSuite } from './store/suite.js'
export type { SuiteRunner } from './suite-runner.js'
