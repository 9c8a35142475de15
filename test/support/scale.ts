import { appendFileSync } from 'node:fs'

/**
 * How much longer than by default the tests run that gain from it: `REVOCADE_TEST_SCALE`, a factor for the number of
 * histories, kills and rounds, and for seconds under load. `npm run test:long` sets it.
 */
export const SCALE = Number(process.env.REVOCADE_TEST_SCALE ?? 1)

export const scaled = (count: number): number => Math.ceil(count * SCALE)

/** Parameters for fast-check: the number of histories; for broken code (test/planted) no shrinking, and a seed if there is one. */
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
