import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { CASES } from '../../bench/cases/index.js'
import { readRecord } from '../../bench/harness/record.js'
import { withRecord } from '../../bench/report/markdown.js'
import { code, readPage, ROOT, section, tableRows } from '../support/markdown.js'

const PAGE = 'docs/benchmarks.md'

describe('the page about benchmarks', () => {
  it('lists the cases that there are', () => {
    const listed = tableRows(section(PAGE, 'cases')).map(([name]) => code(name))
    expect(listed.toSorted()).toEqual(CASES.map(({ name }) => name).toSorted())
  })

  it('and the README quote the newest record, digit by digit', () => {
    const newest = readdirSync(join(ROOT, 'bench/records')).toSorted().at(-1) ?? ''
    const record = readRecord(join(ROOT, 'bench/records', newest))
    expect(record.scale).toBe('full')
    expect(record.cases.map(({ name }) => name)).toEqual(CASES.map(({ name }) => name))
    for (const page of [PAGE, 'README.md']) expect(withRecord(readPage(page), record)).toBe(readPage(page))
  })
})
