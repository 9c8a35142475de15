#!/usr/bin/env node
import { nodeVersionProblem } from '../node-version.js'

// The program itself is imported after this check: an older Node.js can't link it.
const problem = nodeVersionProblem(process.versions.node)
if (problem === undefined) {
  await import('./run.js')
} else {
  process.stderr.write(`ERR_CONFIG: ${problem}\n`)
  process.exitCode = 2
}
