import type { TestProject } from 'vitest/node'
import { findPostgres } from './find.js'

/**
 * Finds the PostgreSQL of this run once, before any test file. Where there is none, the tests that need one
 * fail and say why.
 */
export default async function setup(project: TestProject): Promise<void> {
  project.provide('postgres', await findPostgres((line) => process.stderr.write(`postgres: ${line}\n`)))
}
