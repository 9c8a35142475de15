import type { Reporter, TestModule } from 'vitest/node'

/** Ends a run with one plain line, `N passed, N failed`, for readers of only the last line. */
export default class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    let passed = 0
    // Errors outside of any test fail the run as well.
    let failed = errors.length
    for (const module of modules) {
      let failedHere = 0
      for (const test of module.children.allTests()) {
        const { state } = test.result()
        if (state === 'passed') passed++
        else if (state === 'failed') failedHere++
      }
      // A file that could not be loaded, or whose hooks failed, has failed without a test to show for it.
      failed += failedHere === 0 && module.state() === 'failed' ? 1 : failedHere
    }
    console.log(`${passed} passed, ${failed} failed`)
  }
}
