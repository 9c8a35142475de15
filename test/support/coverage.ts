/** The folder where V8 writes down what ran (.c8rc.json); undefined where nobody asked for it. */
export const COVERAGE = process.env.REVOCADE_TEST_COVERAGE ?? process.env.NODE_V8_COVERAGE
// Kept here: test/setup.ts removes the other one, and child processes that run tests look for it.
if (COVERAGE !== undefined) process.env.REVOCADE_TEST_COVERAGE = COVERAGE

/** For the environment of a child process whose coverage counts. */
export const COVERED: Readonly<Record<string, string>> =
  COVERAGE === undefined ? {} : { NODE_V8_COVERAGE: COVERAGE }
