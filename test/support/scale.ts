import { appendFileSync } from 'node:fs'

/**
 * The length of the tests that gain from length: a factor for the number of histories, kills and rounds, and for
 * seconds under load. `REVOCADE_TEST_SCALE`, default 1; `npm run test:long` sets it.
 */
export const SCALE = Number(process.env.REVOCADE_TEST_SCALE ?? 1)

export const scaled = (count: number): number => Math.ceil(count * SCALE)

/**
 * Parameters for fast-check: the number of histories, and the seed in `REVOCADE_TEST_SEED`, if any. For broken
 * code (test/planted) there is no shrinking.
 */
export function histories(count: number): {
  readonly numRuns: number
  readonly endOnFailure: boolean
  readonly seed?: number
} {
  const seed = process.env.REVOCADE_TEST_SEED
  return {
    numRuns: scaled(count),
    endOnFailure: process.env.REVOCADE_DIST !== undefined,
    ...(seed === undefined ? {} : { seed: Number(seed) }),
  }
}

/** Notes what a test counted, by name, for docs/reliability.md (test/long.mjs). */
export function report(test: string, counts: Readonly<Record<string, number>>): void {
  const file = process.env.REVOCADE_TEST_REPORT
  if (file !== undefined) appendFileSync(file, `${JSON.stringify({ test, counts })}\n`)
}
