import { describe, expect, it } from 'vitest'
import { CASES, SUITES } from '../../bench/cases/index.js'
import { readRecord } from '../../bench/harness/record.js'
import { withRecord } from '../../bench/report/markdown.js'
import { code, readPage, section, tableRows } from '../support/markdown.js'
import { newestRecord } from './newest-record.js'

const PAGE = 'docs/benchmarks.md'
const STORES = 'docs/benchmarks-stores.md'

describe('benchmarks.md', () => {
  it('the table of cases lists those there are', () => {
    const listed = tableRows(section(PAGE, 'cases')).map(([name = '']) => code(name))
    expect(listed.toSorted()).toEqual(CASES.map(({ name }) => name).toSorted())
  })

  it.each([
    [PAGE, 'suite', ['headlines', 'record']],
    [STORES, 'stores', ['record']],
    ['docs/benchmarks-sessions.md', 'sessions', ['record']],
    ['docs/benchmarks-races.md', 'races', ['record']],
    ['docs/scale.md', 'large', ['record']],
  ] as const)('the figures of %s are those of the newest record, digit by digit', (page, suite, parts) => {
    const record = readRecord(newestRecord(suite))
    expect(record.scale).toBe('full')
    expect(record.cases.map(({ name }) => name)).toEqual(SUITES[suite].map(({ name }) => name))
    for (const part of parts) expect(section(page, part)).not.toBe('')
    expect(withRecord(readPage(page), record)).toBe(readPage(page))
  })
})
