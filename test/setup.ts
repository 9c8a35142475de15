import { takeCoverage } from 'node:v8'
import { afterAll, beforeAll } from 'vitest'
import { COVERAGE } from './support/coverage.js'
import { removeTemporaryDirectories } from './support/temp.js'

afterAll(removeTemporaryDirectories)

// Coverage is V8's own (NODE_V8_COVERAGE, see .c8rc.json). This process has started it, and writes it down
// after each file: the runner ends its processes without waiting for them. Threads and child processes that
// start later look at the variable again. A thread for each store of each test would take longer to write
// what it ran than to run it, so only the tests of the stores keep it; a child whose coverage counts gets it
// from support/coverage.ts.
if (COVERAGE !== undefined) {
  beforeAll(({}, { file }) => {
    if (file.name.startsWith('test/store/')) process.env.NODE_V8_COVERAGE = COVERAGE
    else delete process.env.NODE_V8_COVERAGE
  })
  afterAll(takeCoverage)
}
