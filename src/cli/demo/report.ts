import { chance, nanoseconds, whole } from '../output/format-numbers.js'
import { tone } from '../output/print.js'
import { table } from '../output/table.js'
import type { DemoResult } from './demonstrate.js'
import type { AlgorithmResult } from './tokens.js'
import type { TrafficResult } from './traffic.js'

/** Formats the result for people, in 80 columns. */
export function reportText(result: DemoResult): string {
  const { revocations, asShipped, coarse } = result
  const { minted, withoutJti, algorithms } = result.tokens
  const { acknowledged, seenByRunningEngine, seenAfterReopening } = result.crash
  const { oneByOne, bulk, bySelector, background, backgroundPerSecond, durableP50 } = revocations
  return `${tone('Tokens', 'bold')}
  ${whole(minted)} signed and verified; ${whole(withoutJti)} have no jti and are named by a hash.
  Revoked: ${oneByOne} one by one (${decimal(durableP50)} ms each until durable), ${bulk} in bulk,
  ${bySelector} more with one revokeWhere({ sub }); to fill the filter, ${whole(background)}
  others that are never checked (${whole(backgroundPerSecond)}/s).

${tone('Checks with the default filter', 'bold')}
  Of these tokens, many times, and of ids that were never revoked. Times
  include the await of the answer.
${traffic(asShipped)}

${tone('Checks with a filter made coarse, so that the layers below have work', 'bold')}
${traffic(coarse)}

${tone('For scale: verifying the signature, p50', 'bold')}
  ${byLibrary(algorithms)}

${tone('Crash', 'bold')}
  Another process was killed (SIGKILL) while it was revoking. Of the
  ${acknowledged} revocations that it had acknowledged, the engine here knew ${seenByRunningEngine}
  a second later, and a new one ${seenAfterReopening} after reopening the store.

${verdict(result)}`
}

function traffic(result: TrafficResult): string {
  const { prefilter, entries, bytesPerEntry, distinctIds, checks, wrong } = result
  const share = (answers: number): string => `${((answers / checks) * 100).toFixed(2)} %`
  const rows = result.layers.map(({ layer, answers, p50, p99 }) => {
    return [layer, whole(answers), share(answers), micros(p50), micros(p99)]
  })
  const layers = table(rows, { head: ['decided by', 'answers', 'share', 'p50', 'p99'], right: [1, 2, 3, 4] })
  const expected = chance(result.expectedFalsePositiveRate)
  const measured = `${chance(result.measuredFalsePositiveRate)} of ${whole(distinctIds)} ids`
  const wrongText = tone(whole(wrong), wrong === 0 ? 'good' : 'bad')
  return `${layers.replace(/^/gm, '  ')}
  ${prefilter} filter: ${whole(entries)} entries of ${decimal(bytesPerEntry)} bytes. False positives: expected
  ${expected}, measured ${measured}. Wrong answers: ${wrongText} of ${whole(checks)}.`
}

/** `jose ES256 99 µs, EdDSA 110 µs`. */
function byLibrary(results: readonly AlgorithmResult[]): string {
  const times = new Map<string, string[]>()
  for (const { library, algorithm, verifyP50 } of results)
    times.set(library, [...(times.get(library) ?? []), `${algorithm} ${micros(verifyP50)}`])
  return [...times].map(([library, own]) => `${library} ${own.join(', ')}`).join(' | ')
}

function verdict({ ok, wrongAnswers, crash, seconds }: DemoResult): string {
  const lost = crash.acknowledged - Math.min(crash.seenByRunningEngine, crash.seenAfterReopening)
  const text = ok
    ? 'No revoked token got through, no acknowledged revocation was lost.'
    : `FAILED: ${wrongAnswers} wrong answers, ${lost} acknowledged revocations lost.`
  return `${tone(text, ok ? 'good' : 'bad')} (${seconds.toFixed(1)} s)`
}

function decimal(value: number): string {
  return value.toLocaleString('en', { maximumSignificantDigits: 3 })
}

function micros(value: number): string {
  return nanoseconds(value * 1000, 2)
}
