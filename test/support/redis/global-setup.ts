import type { TestProject } from 'vitest/node'
import { findRedis } from './find.js'

/**
 * Finds the Redis of this run once, for all projects and before any test file, so that several processes do
 * not install it at once. Where there is none, the tests that need one fail and say why.
 */
export default async function setup({ vitest }: TestProject): Promise<void> {
  const run = vitest.getRootProject()
  if ('redis' in run.getProvidedContext()) return
  run.provide('redis', await findRedis((line) => process.stderr.write(`redis: ${line}\n`)))
}
