import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from '../support/markdown.js'

/** The path of the newest record of a benchmark run. */
export function newestRecord(): string {
  return join(ROOT, 'bench/records', readdirSync(join(ROOT, 'bench/records')).toSorted().at(-1) ?? '')
}
