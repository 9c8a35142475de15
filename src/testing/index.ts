/** Conformance suites for those who write a layer of their own, independent of the test runner. */
export { prefilterSuite, someDigests, type PrefilterRequest, type SuiteRunner } from './prefilter-suite.js'
export * from './store-suite.js'
