import { chance, whole } from '../output/format-numbers.js'
import { table, tone } from '../output/print.js'
import type { AlgorithmResult } from './tokens.js'
import type { TrafficResult } from './traffic.js'

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
    /** Revocations of tokens that nobody shows, so that the filter has its usual fill. */
    readonly background: number
    readonly backgroundPerSecond: number
    /** Milliseconds, one after the other, each durable. */
    readonly durableP50: number
  }
  readonly asShipped: TrafficResult
  readonly coarse: TrafficResult
  readonly crash: {
    readonly acknowledged: number
    /** By the engine that ran on in this process, one `maxStalenessMs` later. */
    readonly seenByRunningEngine: number
    readonly seenAfterReopening: number
    readonly wrongAfterReopening: number
  }
}

/** The result for people. 80 columns do. */
export function reportText(result: DemoResult): string {
  const { tokens, revocations, asShipped, coarse, crash } = result
  const { oneByOne, bulk, bySelector, background } = revocations
  return [
    heading('Tokens'),
    `  ${whole(tokens.minted)} signed and verified; ${whole(tokens.withoutJti)} have no jti and are named by a hash.`,
    `  Revoked: ${oneByOne} one by one (${decimal(revocations.durableP50)} ms each until durable), ${bulk} in bulk,`,
    `  ${bySelector} more with one revokeWhere({ sub }); to fill the filter, ${whole(background)}`,
    `  others that nobody shows (${whole(revocations.backgroundPerSecond)}/s).`,
    '',
    heading('Checks with the default filter'),
    '  Of these tokens, over and over, and of ids that were never revoked. Times',
    '  as a caller sees them who awaits the answer.',
    traffic(asShipped),
    '',
    heading('Checks with a filter made coarse on purpose, to give the layers below work'),
    traffic(coarse),
    '',
    heading('For scale: verifying the signature, p50'),
    `  ${algorithms(tokens.algorithms)}`,
    '',
    heading('Crash'),
    '  Another process was killed (SIGKILL) in the middle of revoking. Of the',
    `  ${whole(crash.acknowledged)} revocations that it had acknowledged, the engine here knew ${whole(crash.seenByRunningEngine)}`,
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
  const {
    prefilter,
    entries,
    bytesPerEntry,
    expectedFalsePositiveRate,
    measuredFalsePositiveRate,
    distinctIds,
  } = result
  return [
    indented(table(rows, { head: ['decided by', 'answers', 'share', 'p50', 'p99'], right: [1, 2, 3, 4] })),
    `  ${prefilter} filter: ${whole(entries)} entries of ${decimal(bytesPerEntry)} bytes. False positives: expected`,
    `  ${chance(expectedFalsePositiveRate)}, measured ${chance(measuredFalsePositiveRate)} of ${whole(distinctIds)} ids. Wrong answers: ${wrong(result.wrong)} of ${whole(result.checks)}.`,
  ].join('\n')
}

/** By library: `jose ES256 99 µs, EdDSA 110 µs`. */
function algorithms(results: readonly AlgorithmResult[]): string {
  const libraries = [...new Set(results.map(({ library }) => library))]
  return libraries
    .map((library) => {
      const own = results.filter((result) => result.library === library)
      return `${library} ${own.map(({ algorithm, verifyP50 }) => `${algorithm} ${micros(verifyP50)}`).join(', ')}`
    })
    .join(' | ')
}

function verdict({ ok, wrongAnswers, crash, seconds }: DemoResult): string {
  const lost = crash.acknowledged - Math.min(crash.seenByRunningEngine, crash.seenAfterReopening)
  const time = `(${seconds.toFixed(1)} s)`
  if (ok)
    return `${tone('No revoked token got through, no acknowledged revocation was lost.', 'good')} ${time}`
  return `${tone(`FAILED: ${wrongAnswers} wrong answers, ${lost} acknowledged revocations lost.`, 'bad')} ${time}`
}

function heading(text: string): string {
  return tone(text, 'bold')
}

function indented(text: string): string {
  return text.replace(/^/gm, '  ')
}

function wrong(count: number): string {
  return tone(whole(count), count === 0 ? 'good' : 'bad')
}

function decimal(value: number): string {
  return value.toLocaleString('en', { maximumSignificantDigits: 3 })
}

function micros(value: number): string {
  return value < 1000 ? `${value.toPrecision(value < 100 ? 2 : 3)} µs` : `${(value / 1000).toPrecision(2)} ms`
}
