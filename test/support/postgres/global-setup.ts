import { rmSync } from 'node:fs'
import type { TestProject } from 'vitest/node'
import { findPostgres } from './find.js'
import { makeTemplate } from './template.js'

/**
 * Finds the PostgreSQL of this run once, for all projects and before any test file, and makes the data that
 * its servers begin with. Where there is none, the tests that need one fail and say why.
 *
 * @returns what removes the data after the last test
 */
export default async function setup({ vitest }: TestProject): Promise<(() => void) | undefined> {
  const run = vitest.getRootProject()
  if ('postgres' in run.getProvidedContext()) return undefined
  const choice = await findPostgres((line) => process.stderr.write(`postgres: ${line}\n`))
  if (choice.kind === 'none') {
    run.provide('postgres', choice)
    return undefined
  }
  const { folder, template } = makeTemplate(choice.folder)
  run.provide('postgres', { ...choice, template })
  return () => rmSync(folder, { recursive: true, force: true })
}
