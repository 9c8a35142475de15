import { readFileSync } from 'node:fs'
import type { Machine } from './machine.js'
import type { Measurement, Row, Scale } from './types.js'

/** A run, as it is kept under bench/records, compared and drawn. */
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
  /** Figures made from the results and from what only the case knows, held against their bounds. */
  readonly targets: readonly RecordedRow[]
}

export interface RecordedCase {
  readonly name: string
  readonly title: string
  /** The machine's load average over a minute when the case began: what else ran there. */
  readonly load?: number
  readonly seconds?: number
}

export type RecordedMeasurement = Measurement & { readonly case: string }
export type RecordedRow = Row & { readonly case: string }

export const FORMAT = 2

/** JSON with a line for each result: lists of samples would fill thousands of lines, and diffs of records show which result changed. */
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

/** Reads what `--json` wrote, and says so where a file is something else. */
export function readRecord(path: string): BenchRecord {
  const record: unknown = JSON.parse(readFileSync(path, 'utf8'))
  if (!isRecord(record))
    throw new Error(`${path} is no record of format ${FORMAT} that \`npm run bench -- --json FILE\` writes`)
  return record
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
