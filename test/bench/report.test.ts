import { describe, expect, it } from 'vitest'
import { chartsOf } from '../../bench/report/charts.js'
import { HEADLINES } from '../../bench/report/headlines.js'
import { headlinesMarkdown, recordMarkdown, withRecord } from '../../bench/report/markdown.js'
import { reportPage } from '../../bench/report/page.js'
import { logTicks } from '../../bench/report/plot.js'
import { measured, recordOf } from './sample-record.js'

describe('the report', () => {
  it('is one page that needs nothing else', async () => {
    const page = await reportPage(recordOf(measured('one <engine>', 100), measured('another', 2000)))
    expect(page).toMatch(/^<!doctype html>/)
    expect(page).toContain('<svg')
    expect(page).toContain('prefers-color-scheme: dark')
    expect(page).toContain('name="viewport"')
    expect(page).toContain('one &lt;engine&gt;')
    expect(page).not.toMatch(/<script|<engine>|<link|@import|\bsrc=|url\(/)
    expect(page).toContain('<td>1.2×</td><td>≤ 1.4×</td><td class="pass">pass</td>')
  })

  it('says which engine forgot something', async () => {
    expect(await reportPage(recordOf(measured('filter', 100, { falseNegatives: 0 })))).not.toContain(
      'False negatives:',
    )
    expect(await reportPage(recordOf(measured('filter', 100, { falseNegatives: 3 })))).toContain(
      '<strong>False negatives:</strong> filter, n = 1000: 3',
    )
  })

  it('shows a record of which only the figures were kept', async () => {
    const page = await reportPage({ ...recordOf(), cases: [{ name: 'check', title: 'A check' }] })
    expect(page).toContain('check ÷ its parts')
    expect(page).not.toContain('<svg')
  })
})

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
    expect(page).toContain(`| ${HEADLINES[0].rows[3].says} | 3× | ≤ 3× |`)
    expect(page).toContain(`| ${HEADLINES[0].rows[4].says} | **4×** | ≤ 3× |`)
  })

  it('must all be there', () => {
    expect(() => headlinesMarkdown({ ...record, targets: targets.slice(1) })).toThrow(
      `no '${HEADLINES[0].rows[0].row}' in its case limit`,
    )
  })
})

describe('the plots of a case', () => {
  const sizes = [1000, 10_000, 100_000]

  it('are rows by engine at one size', () => {
    const [chart, ...others] = chartsOf([measured('a', 100), measured('b', 200)])
    expect(others).toEqual([])
    expect(chart).toMatchObject({
      kind: 'range',
      points: [
        { series: 'a', value: 100 },
        { series: 'b', value: 200 },
      ],
    })
    for (const { low = 0, high = 0, value } of chart.points)
      expect([low < value, high > value]).toEqual([true, true])
  })

  it('are lines over several sizes, for each operation and mix', () => {
    const results = sizes.flatMap((n) =>
      ['hit', 'miss'].map((mix) => measured('a', n / 10, { n, mix, operation: 'has', keys: 'uuidv4' })),
    )
    expect(chartsOf(results).map(({ title, kind, points }) => [title, kind, points.length])).toEqual([
      ['has, hit, uuidv4', 'lines', 3],
      ['has, miss, uuidv4', 'lines', 3],
    ])
  })

  it('show the tails of what was timed one by one, as far as ten operations tell', () => {
    const tail = { p999Ns: 900, p9999Ns: 5000, maxNs: 9000, batch: 1 }
    const results = [
      measured('idle', 100, { ...tail, mix: 'miss', operations: 100_000 }),
      measured('busy', 200, { ...tail, mix: 'miss', operations: 99_999 }),
    ]
    const [, chart, ...others] = chartsOf(results)
    expect(others).toEqual([])
    expect(chart.title).toBe('miss, the slowest')
    expect(chart.points.map(({ series, n, value }) => [series, n, value])).toEqual([
      ['idle', 2, 100],
      ['idle', 100, 102],
      ['idle', 1000, 900],
      ['idle', 10_000, 5000],
      ['busy', 2, 200],
      ['busy', 100, 204],
      ['busy', 1000, 900],
    ])
  })

  it('show memory and false positives where they were measured, each once', () => {
    const results = ['hit', 'miss'].flatMap((mix) => [
      measured('a', 100, { mix, bytesPerEntry: 2.7, falsePositiveRate: 1e-4 }),
      measured('b', 200, { mix, bytesPerEntry: 70, falsePositiveRate: 0 }),
    ])
    const figures = chartsOf(results).slice(2)
    expect(figures.map(({ title, points }) => [title, points.map(({ series }) => series)])).toEqual([
      ['bytes an entry', ['a', 'b']],
      ['false-positive rate', ['a']],
    ])
  })
})

describe('a logarithmic axis', () => {
  it.each([
    [50, 400],
    [50, 5000],
    [1e-4, 1],
    [10, 1e6],
  ])('from %d to %d has a few labels, no two alike', (least, most) => {
    const ticks = logTicks(least, most).filter((tick) => tick >= least && tick <= most)
    expect(new Set(ticks).size).toBe(ticks.length)
    expect(ticks.length).toBeGreaterThan(2)
    expect(ticks.length).toBeLessThan(9)
  })
})
