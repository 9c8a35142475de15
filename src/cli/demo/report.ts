import { chance, whole } from '../output/format-numbers.js'
import { table, tone } from '../output/print.js'
import type { AlgorithmResult } from './tokens.js'
import type { TrafficResult } from './traffic.js'

/** What the demo measured. */
export interface DemoResult {
  /** Every answer was right and nothing acknowledged was lost. */
  readonly ok: boolean
  readonly seconds: number
  readonly wrongAnswers: number
  readonly tokens: {
    readonly minted: number
    readonly withoutJti: number
    readonly algorithms: readonly AlgorithmResult[]
  }
  readonly revocations: {
    readonly oneByOne: number
    readonly bulk: number
    /** Tokens that `revokeWhere({ sub })` hit with one revocation. */
    readonly bySelector: number
    /** Revocations of tokens that are never checked: they fill the prefilter as in a real service. */
    readonly background: number
    readonly backgroundPerSecond: number
    /** Milliseconds until one revocation is durable, median of revocations in sequence. */
    readonly durableP50: number
  }
  readonly asShipped: TrafficResult
  readonly coarse: TrafficResult
  readonly crash: {
    readonly acknowledged: number
    /** Known to the engine of this process, one `maxStalenessMs` later. */
    readonly seenByRunningEngine: number
    readonly seenAfterReopening: number
    readonly wrongAfterReopening: number
  }
}

/** Formats the result for people, in 80 columns. */
export function reportText(result: DemoResult): string {
  const { tokens, revocations, asShipped, coarse, crash } = result
  const { oneByOne, bulk, bySelector, background } = revocations
  const each = `${decimal(revocations.durableP50)} ms each until durable`
  return [
    heading('Tokens'),
    `  ${whole(tokens.minted)} signed and verified; ` +
      `${whole(tokens.withoutJti)} have no jti and are named by a hash.`,
    `  Revoked: ${oneByOne} one by one (${each}), ${bulk} in bulk,`,
    `  ${bySelector} more with one revokeWhere({ sub }); to fill the filter, ${whole(background)}`,
    `  others that are never checked (${whole(revocations.backgroundPerSecond)}/s).`,
    '',
    heading('Checks with the default filter'),
    '  Of these tokens, many times, and of ids that were never revoked. Times',
    '  include the await of the answer.',
    traffic(asShipped),
    '',
    heading('Checks with a filter made coarse, so that the layers below have work'),
    traffic(coarse),
    '',
    heading('For scale: verifying the signature, p50'),
    `  ${algorithms(tokens.algorithms)}`,
    '',
    heading('Crash'),
    '  Another process was killed (SIGKILL) while it was revoking. Of the',
    `  ${whole(crash.acknowledged)} revocations that it had acknowledged, ` +
      `the engine here knew ${whole(crash.seenByRunningEngine)}`,
    `  a second later, and a new one ${whole(crash.seenAfterReopening)} after reopening the store.`,
    '',
    verdict(result),
  ].join('\n')
}

function traffic(result: TrafficResult): string {
  const rows = result.layers.map(({ layer, answers, p50, p99 }) => [
    layer,
    whole(answers),
    `${((answers / result.checks) * 100).toFixed(2)} %`,
    micros(p50),
    micros(p99),
  ])
  const { prefilter, entries, bytesPerEntry, distinctIds } = result
  const expected = chance(result.expectedFalsePositiveRate)
  const measured = chance(result.measuredFalsePositiveRate)
  const size = `${whole(entries)} entries of ${decimal(bytesPerEntry)} bytes`
  const wrong = tone(whole(result.wrong), result.wrong === 0 ? 'good' : 'bad')
  return [
    indented(table(rows, { head: ['decided by', 'answers', 'share', 'p50', 'p99'], right: [1, 2, 3, 4] })),
    `  ${prefilter} filter: ${size}. False positives: expected`,
    `  ${expected}, measured ${measured} of ${whole(distinctIds)} ids. ` +
      `Wrong answers: ${wrong} of ${whole(result.checks)}.`,
  ].join('\n')
}

/** By library: `jose ES256 99 µs, EdDSA 110 µs`. */
function algorithms(results: readonly AlgorithmResult[]): string {
  const byLibrary = new Map<string, string[]>()
  for (const { library, algorithm, verifyP50 } of results)
    byLibrary.set(library, [...(byLibrary.get(library) ?? []), `${algorithm} ${micros(verifyP50)}`])
  return [...byLibrary].map(([library, times]) => `${library} ${times.join(', ')}`).join(' | ')
}

function verdict({ ok, wrongAnswers, crash, seconds }: DemoResult): string {
  const lost = crash.acknowledged - Math.min(crash.seenByRunningEngine, crash.seenAfterReopening)
  const time = `(${seconds.toFixed(1)} s)`
  if (ok)
    return `${tone('No revoked token got through, no acknowledged revocation was lost.', 'good')} ${time}`
  const failure = `FAILED: ${wrongAnswers} wrong answers, ${lost} acknowledged revocations lost.`
  return `${tone(failure, 'bad')} ${time}`
}

function heading(text: string): string {
  return tone(text, 'bold')
}

function indented(text: string): string {
  return text.replace(/^/gm, '  ')
}

function decimal(value: number): string {
  return value.toLocaleString('en', { maximumSignificantDigits: 3 })
}

function micros(value: number): string {
  return value < 1000 ? `${value.toPrecision(value < 100 ? 2 : 3)} µs` : `${(value / 1000).toPrecision(2)} ms`
}
