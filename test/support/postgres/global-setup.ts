import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { findPostgres } from './find.js'
import { findPgBouncer } from './find-pgbouncer.js'

/**
 * Finds the PostgreSQL and the PgBouncer of this run once, before any test file. Where there is none, the
 * tests that need one fail and say why.
 */
export default async function setup(project: TestProject): Promise<() => void> {
  const say = (of: string) => (line: string) => void process.stderr.write(`${of}: ${line}\n`)
  const folder = mkdtempSync(join(tmpdir(), 'revocade-pgbouncer-'))
  project.provide('postgres', await findPostgres(say('postgres')))
  project.provide('pgBouncer', await findPgBouncer(folder, say('pgbouncer')))
  return () => rmSync(folder, { recursive: true, force: true })
}
