import { readFileSync } from 'node:fs'
import type { Machine } from './machine.js'
import type { Measurement, Row, Scale } from './types.js'

/** A run as a JSON file holds it: kept in bench/records, compared, drawn. */
export interface BenchRecord {
  readonly format: typeof FORMAT
  /** When the run began, ISO 8601. */
  readonly date: string
  readonly seed: string
  readonly scale: Scale
  readonly machine: Machine
  readonly versions: Readonly<Record<string, string>>
  readonly cases: readonly RecordedCase[]
  readonly results: readonly RecordedMeasurement[]
  /** Figures made from the results or known to the case only, with their bounds. */
  readonly targets: readonly RecordedRow[]
}

/** A case of a run. */
export interface RecordedCase {
  readonly name: string
  readonly title: string
  /** When the case began, if it was not in the run that began the record. ISO 8601. */
  readonly date?: string
  /** Load average of the machine over the minute before the case began. */
  readonly load?: number
  readonly seconds?: number
}

/** A measurement and the name of its case. */
export type RecordedMeasurement = Measurement & { readonly case: string }
/** A row of the report and the name of its case. */
export type RecordedRow = Row & { readonly case: string }

/** What a run measured: its cases, and what belongs to them. */
export type Measured = Pick<BenchRecord, 'cases' | 'results' | 'targets'>

/**
 * Puts the cases of a later run into a record: in the place of the same cases, or after all others.
 *
 * @throws {Error} when the two can't be compared: another machine, seed or scale
 */
export function withCases(record: BenchRecord, later: BenchRecord): BenchRecord {
  for (const what of ['seed', 'scale', 'machine'] as const) {
    if (JSON.stringify(record[what]) !== JSON.stringify(later[what]))
      throw new Error(`the record is of another ${what}: give another file`)
  }
  const dated = new Map(later.cases.map((one) => [one.name, { ...one, date: one.date ?? later.date }]))
  const again = record.cases.map((one) => dated.get(one.name) ?? one)
  const isKept = (one: { readonly case: string }): boolean => !dated.has(one.case)
  return {
    ...record,
    versions: { ...record.versions, ...later.versions },
    cases: [...again, ...[...dated.values()].filter((one) => !again.includes(one))],
    results: [...record.results.filter(isKept), ...later.results],
    targets: [...record.targets.filter(isKept), ...later.targets],
  }
}

/** Version of the record's format. */
export const FORMAT = 2

/** Writes JSON with one line for each result: short files, and a diff shows which result changed. */
export function stringifyRecord(record: BenchRecord): string {
  const members = Object.entries(record).map(([name, value]: [string, unknown]) => {
    const text =
      Array.isArray(value) && value.length > 0
        ? `[\n${value.map((one) => `    ${JSON.stringify(one)}`).join(',\n')}\n  ]`
        : JSON.stringify(value)
    return `  ${JSON.stringify(name)}: ${text}`
  })
  return `{\n${members.join(',\n')}\n}\n`
}

/**
 * Reads a record that `--json` wrote.
 *
 * @throws {Error} when the file is something else.
 */
export function readRecord(path: string): BenchRecord {
  const record: unknown = JSON.parse(readFileSync(path, 'utf8'))
  if (!isRecord(record))
    throw new Error(`${path} is no record of format ${FORMAT} that \`npm run bench -- --json FILE\` writes`)
  return {
    ...record,
    cases: record.cases.map((one) => ({ ...one, title: inTodaysWords(one.title) })),
    results: record.results.map((one) => ({ ...one, engine: inTodaysWords(one.engine) })),
    targets: record.targets.map((one) => ({ ...one, what: inTodaysWords(one.what) })),
  }
}

/** What older records called things, and what they are called now. Records themselves are never edited. */
const RENAMED: readonly (readonly [then: string, now: string])[] = [
  ["check, L0 'no'", 'check that the prefilter answers'],
  ['L0', 'the prefilter'],
]

function inTodaysWords(label: string): string {
  return RENAMED.reduce((text, [then, now]) => text.replaceAll(then, now), label)
}

function isRecord(value: unknown): value is BenchRecord {
  if (typeof value !== 'object' || value === null) return false
  return (
    'format' in value &&
    value.format === FORMAT &&
    'results' in value &&
    Array.isArray(value.results) &&
    'targets' in value &&
    Array.isArray(value.targets)
  )
}
