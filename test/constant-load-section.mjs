import { replaceSection, setting } from './reliability-page.mjs'

/** The name under which test/server/load.test.ts reports its looks. */
export const CONSTANT_LOAD = 'constant load on serve'

/**
 * Writes the section of docs/reliability.md on `revocade serve` under constant load.
 *
 * @param {{ day: string, outcome: string, looks: Record<string, number>[] }} run - what each look saw, by names
 *   that are the same for all
 */
export function writeConstantLoad({ day, outcome, looks }) {
  const names = Object.keys(looks[0])
  const row = (cells) => `| ${cells.join(' | ')} |`
  const rows = looks.map((look) => row(names.map((name) => look[name].toLocaleString('en'))))
  replaceSection(
    'constant-load',
    `Run on ${day}: ${outcome}. ${setting}.\n
${[row(names), row(names.map(() => '--:')), ...rows].join('\n')}`,
  )
}
