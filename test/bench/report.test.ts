import { describe, expect, it } from 'vitest'
import { readRecord } from '../../bench/harness/record.js'
import { HEADLINES } from '../../bench/report/headlines.js'
import { latencyPlot } from '../../bench/report/latency-plot.js'
import { headlinesMarkdown, recordMarkdown, withRecord } from '../../bench/report/markdown.js'
import { newestRecord } from '../docs/newest-record.js'
import { readPage } from '../support/markdown.js'
import { measured, recordOf } from './sample-record.js'

describe('the tables of a record', () => {
  const record = recordOf(measured('a|b', 100), measured('c', 2000))

  it('hold its figures, and what was missed in bold', () => {
    expect(recordMarkdown(record)).toContain('| check ÷ its parts | 1.2× | ≤ 1.4× | 120 ns ÷ 100 ns |')
    expect(recordMarkdown(record)).toContain('| a\\|b | 1,000 | 100 ns | 102 ns |')
    const missed = { ...record, targets: record.targets.map((row) => ({ ...row, value: 1.5 })) }
    expect(recordMarkdown(missed)).toContain('| **1.5×** | ≤ 1.4× |')
  })

  it('stand between the marks of a page, and replace what stood there', () => {
    const page = 'before\n<!-- record:start -->\nold\n<!-- record:end -->\nafter\n'
    const filled = withRecord(page, record)
    expect(filled).toBe(
      `before\n<!-- record:start -->\n${recordMarkdown(record)}<!-- record:end -->\nafter\n`,
    )
    expect(withRecord(filled, record)).toBe(filled)
    expect(() => withRecord('no marks', record)).toThrow('no place for a record')
    expect(() => withRecord('<!-- record:start -->\n', record)).toThrow('no <!-- record:end --> after it')
  })
})

describe('the headlines of a record', () => {
  const targets = HEADLINES.flatMap(({ rows }) =>
    rows.map(({ case: name, row }, i) => ({
      case: name,
      what: row,
      value: i,
      unit: 'x' as const,
      target: { at: 'most' as const, value: 3 },
    })),
  )
  const record = { ...recordOf(), targets }

  it('are in the words of the page, and in bold what was missed', () => {
    const page = withRecord('<!-- headlines:start -->\n<!-- headlines:end -->\n', record)
    for (const { title, rows } of HEADLINES) {
      expect(page).toContain(`**${title}**`)
      for (const { says } of rows) expect(page).toContain(`| ${says} |`)
    }
    expect(page).toContain(`| ${HEADLINES[0]?.rows[3]?.says} | 3× | ≤ 3× |`)
    expect(page).toContain(`| ${HEADLINES[0]?.rows[4]?.says} | **4×** | ≤ 3× |`)
  })

  it('must all be there', () => {
    expect(() => headlinesMarkdown({ ...record, targets: targets.slice(1) })).toThrow(
      `no '${HEADLINES[0]?.rows[0]?.row}' in its case limit`,
    )
  })
})

describe('latencyPlot', () => {
  const record = readRecord(newestRecord())

  it.each(['light', 'dark'] as const)('draws the committed %s plot from the committed record', (theme) => {
    expect(latencyPlot(record, theme)).toBe(readPage(`docs/assets/check-latency-${theme}.svg`))
  })

  it('names each engine and its median as text', () => {
    const svg = latencyPlot(record, 'light')
    expect(svg).toMatch(/<title>[^<]*Revocade, decoded claims 1.17 µs, Set with a TTL, in process 1.86 µs/)
  })

  it('refuses a record that lacks an engine', () => {
    expect(() => latencyPlot(recordOf(), 'light')).toThrow("no 'Revocade, claims' in its case check")
  })
})
