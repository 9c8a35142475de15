/** The two functions that the suites need of a test runner, such as vitest, `node:test`, Jest or Mocha. */
export interface SuiteRunner {
  readonly describe: (name: string, define: () => void) => unknown
  readonly it: (name: string, test: () => Promise<void>) => unknown
}
