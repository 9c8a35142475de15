import { readOptions } from '../../options.js'
import { reportOf } from '../errors.js'
import type { Entry } from '../formats/entry.js'
import { mutationsOf } from '../mutations.js'
import { engineOptions, type TokenOptions } from '../options.js'
import type { ImportHooks, ImportSummary } from './importer.js'

/** What would become of the entries. */
export type DryRunSummary = Pick<ImportSummary, 'lines' | 'imported' | 'expired' | 'invalid' | 'asBoth'>

/** Judges entries as an engine does. It opens no store. */
export async function dryRun(
  batches: AsyncIterable<readonly Entry[]>,
  options: TokenOptions,
  hooks: ImportHooks,
): Promise<DryRunSummary> {
  const judge = judgeOf(options)
  const summary = { lines: 0, imported: 0, expired: 0, invalid: 0, asBoth: 0 }
  for await (const entries of batches) {
    for (const entry of entries) {
      summary.lines++
      try {
        const forms = 'input' in entry && entry.asNumber !== undefined ? 2 : 1
        summary[judge(entry)] += forms
        summary.asBoth += forms - 1
      } catch (error) {
        summary.invalid++
        hooks.onBad(entry.line, reportOf(error))
      }
    }
    hooks.onProgress(summary.lines, summary.imported)
  }
  return summary
}

/** Throws what the engine would throw. */
function judgeOf(options: TokenOptions): (entry: Entry) => 'imported' | 'expired' {
  const settings = readOptions(engineOptions(options))
  const { idClaims, clockToleranceSeconds } = settings
  const mutations = mutationsOf(settings, [...new Set([...idClaims, 'jti'])])
  return (entry) => {
    if ('error' in entry) throw entry.error
    const { expiresAt } = mutations.ofEntry(entry.input)
    return (expiresAt + clockToleranceSeconds) * 1000 <= Date.now() ? 'expired' : 'imported'
  }
}
