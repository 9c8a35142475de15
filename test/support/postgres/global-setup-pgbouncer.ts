import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { findPgBouncer } from './find-pgbouncer.js'

/**
 * Finds the PgBouncer of this run once, before any test file. Where there is none, the tests that need one
 * fail and say why.
 */
export default async function setup(project: TestProject): Promise<() => void> {
  const folder = mkdtempSync(join(tmpdir(), 'revocade-pgbouncer-'))
  const say = (line: string): void => void process.stderr.write(`pgbouncer: ${line}\n`)
  project.provide('pgBouncer', await findPgBouncer(folder, say))
  return () => rmSync(folder, { recursive: true, force: true })
}
