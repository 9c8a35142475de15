/** The two functions of a test runner that the suites need: vitest's, `node:test`'s, jest's, mocha's. */
export interface SuiteRunner {
  readonly describe: (name: string, define: () => void) => unknown
  readonly it: (name: string, test: () => Promise<void>) => unknown
}
