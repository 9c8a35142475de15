import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { interleave, measurement, measurements, of } from '../../bench/harness/measure.js'
import { readRecord, stringifyRecord, withCases } from '../../bench/harness/record.js'
import { temporaryDirectory } from '../support/temp.js'
import { measured, recordOf } from './sample-record.js'

const directory = temporaryDirectory()

describe('a record', () => {
  it('is read as it was written', () => {
    const record = recordOf(
      measured('a', 100),
      measured('b', 200, { keys: 'uuidv4', bytesPerEntry: 2.75, falsePositiveRate: 1e-4, falseNegatives: 0 }),
    )
    const path = join(directory, 'record.json')
    writeFileSync(path, stringifyRecord(record))
    expect(readRecord(path)).toEqual(record)
  })

  it('has a line for each result', () => {
    const text = stringifyRecord(recordOf(measured('a', 100), measured('b', 200)))
    expect(text.split('\n').filter((line) => line.includes('"samples":'))).toHaveLength(2)
  })

  it('of older words is read in those of today', () => {
    const [then, now] = ['rebuild of L0, grown', 'rebuild of the prefilter, grown']
    const path = join(directory, 'older.json')
    writeFileSync(path, stringifyRecord(recordOf(measured(then, 100))))
    expect(readRecord(path)).toEqual(recordOf(measured(now, 100)))
  })

  it.each(['[]', 'null', '{"format":1,"results":[],"targets":[]}', '{"format":2}'])('%s is none', (text) => {
    const path = join(directory, 'other.json')
    writeFileSync(path, text)
    expect(() => readRecord(path)).toThrow(/other\.json is no record of format 2/)
  })

  const records = new URL('../../bench/records/', import.meta.url)
  it.each(readdirSync(records))('%s, which is committed, can be read', (name) => {
    const record = readRecord(new URL(name, records).pathname)
    expect(record.targets.length + record.results.length).toBeGreaterThan(0)
    const cases = new Set(record.cases.map((one) => one.name))
    for (const one of [...record.targets, ...record.results]) expect(cases).toContain(one.case)
  })
})

describe('withCases', () => {
  const first = recordOf(measured('a', 100), measured('b', 200, { case: 'boot' }))

  it('puts a case in the place of the same one, dated, and a new one after all others', () => {
    const later = {
      ...recordOf(measured('a', 150), measured('c', 300, { case: 'import' })),
      date: '2026-02-03T04:05:06.000Z',
    }
    const both = withCases(first, later)
    expect(both.date).toBe(first.date)
    expect(both.cases.map(({ name, date }) => [name, date])).toEqual([
      ['check', later.date],
      ['boot', undefined],
      ['import', later.date],
    ])
    expect(both.results.map(({ engine, p50Ns }) => [engine, p50Ns])).toEqual([
      ['b', 200],
      ['a', 150],
      ['c', 300],
    ])
  })

  it.each([
    ['machine', { machine: { ...first.machine, cores: 4 } }],
    ['seed', { seed: 'another' }],
    ['scale', { scale: 'quick' as const }],
  ])('refuses figures of another %s', (what, other) => {
    expect(() => withCases(first, { ...first, ...other })).toThrow(`another ${what}`)
  })
})

describe('what is recorded of a timing', () => {
  const workload = (name: string, wrong = 0) => ({
    name,
    prepare: () => undefined,
    run: (count: number) => count - wrong,
  })

  it('is every sample, and the figures made from them', async () => {
    const timings = await interleave([workload('a'), workload('b')], { rounds: 20, batch: 10 })
    const all = measurements(timings, 1000)
    expect(all).toMatchObject([
      { engine: 'a', n: 1000, batch: 10 },
      { engine: 'b', n: 1000, batch: 10 },
    ])
    for (const { samples } of all) expect(samples).toHaveLength(20)
    const { p50Ns, p99Ns, opsPerSecond } = measurement(
      { ...of(timings, 'a'), p50: 123.456, p99: 234.567, samples: [100, 300] },
      { engine: 'a', n: 1 },
    )
    expect({ p50Ns, p99Ns, opsPerSecond }).toEqual({ p50Ns: 123.5, p99Ns: 234.6, opsPerSecond: 5_000_000 })
  })

  it('is nothing where an answer was wrong', async () => {
    await expect(interleave([workload('a'), workload('b', 1)], { rounds: 20, batch: 10 })).rejects.toThrow(
      'wrong answer: b',
    )
  })
})
