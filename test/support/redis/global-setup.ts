import type { TestProject } from 'vitest/node'
import { findRedis } from './find.js'

/**
 * Finds the Redis of this run, once, before any test file: what may have to be installed must not be installed by several
 * processes at once. Where there is none it is left to the tests that need one to fail, and to say why.
 */
export default async function setup(project: TestProject): Promise<void> {
  project.provide('redis', await findRedis((line) => process.stderr.write(`redis: ${line}\n`)))
}
