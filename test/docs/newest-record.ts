import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { SUITES } from '../../bench/cases/index.js'
import { ROOT } from '../support/markdown.js'

/** The path of the newest record of a whole suite. */
export function newestRecord(suite: keyof typeof SUITES = 'suite'): string {
  const records = readdirSync(join(ROOT, 'bench/records')).filter((name) => name.endsWith(`-${suite}.json`))
  return join(ROOT, 'bench/records', records.toSorted().at(-1) ?? '')
}
