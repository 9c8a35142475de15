import { RevocadeError } from './errors.js'
import { nodeVersionProblem } from './node-version.js'

// The entries of the package import this file first, so an older Node.js throws this error before it runs
// anything else. For that it must be able to parse and link what they import: no syntax and no named export
// of a `node:` module that came after Node.js 16.

const problem = nodeVersionProblem(process.versions.node)
if (problem !== undefined) throw new RevocadeError('ERR_CONFIG', problem)
