import { describe, expect, it } from 'vitest'
import { CASES } from '../../bench/cases/index.js'
import { readRecord } from '../../bench/harness/record.js'
import { withRecord } from '../../bench/report/markdown.js'
import { code, readPage, section, tableRows } from '../support/markdown.js'
import { newestRecord } from './newest-record.js'

const PAGE = 'docs/benchmarks.md'

describe('benchmarks.md', () => {
  it('the table of cases lists those there are', () => {
    const listed = tableRows(section(PAGE, 'cases')).map(([name = '']) => code(name))
    expect(listed.toSorted()).toEqual(CASES.map(({ name }) => name).toSorted())
  })

  it('the figures are those of the newest record, digit by digit', () => {
    const record = readRecord(newestRecord())
    expect(record.scale).toBe('full')
    expect(record.cases.map(({ name }) => name)).toEqual(CASES.map(({ name }) => name))
    for (const part of ['headlines', 'record']) expect(section(PAGE, part)).not.toBe('')
    expect(withRecord(readPage(PAGE), record)).toBe(readPage(PAGE))
  })
})
