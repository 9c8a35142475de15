import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from '../support/markdown.js'

/** The path of the newest record of the whole suite. */
export function newestRecord(): string {
  const suites = readdirSync(join(ROOT, 'bench/records')).filter((name) => name.endsWith('-suite.json'))
  return join(ROOT, 'bench/records', suites.toSorted().at(-1) ?? '')
}
