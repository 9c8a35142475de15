import { takeCoverage } from 'node:v8'
import { afterAll } from 'vitest'
import { removeTemporaryDirectories } from './support/temp.js'

afterAll(removeTemporaryDirectories)

// Coverage is V8's own (NODE_V8_COVERAGE, see .c8rc.json), so worker threads and child processes count, too. The
// runner ends its processes without waiting for them, so each writes its coverage here.
afterAll(() => {
  if (process.env.NODE_V8_COVERAGE !== undefined) takeCoverage()
})
