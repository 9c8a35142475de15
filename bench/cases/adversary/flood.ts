import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setImmediate } from 'node:timers/promises'
import type { Revocade, TokenClaims } from '#dist/index.js'
import { histogramMeasurement, percentilesOf } from '../../harness/histogram.js'
import { type Latencies, newLatencies, nowNs, openLoop } from '../../harness/open-loop.js'
import { assertAnswer, atMost, type Context, type Row } from '../../harness/types.js'
import { sizesOf } from '../sizes.js'
import { type Attacked, parse, tokens } from './attacked.js'
import { causedBy, inWords } from './caused.js'

/**
 * The attacker's tokens, as a multiple of the verdict cache: sent in turn, each has left it when it comes
 * again.
 */
const TIMES = 3
const CHECKS_PER_SECOND = 10_000
/** Tokens like all others, each parsed anew when it is checked. */
const OTHERS = 5000

interface Probe {
  readonly claims: TokenClaims
  readonly times: Latencies
}

/**
 * Somebody has found more false positives than the verdict cache holds, and sends them in turn. Each costs
 * one read of the store, or one command to Redis, and no more memory. Every other check is of a token that
 * the filter rules out: how much slower is it?
 */
export async function flood(context: Context, on: Attacked): Promise<Row[]> {
  const { engine, server, way, cacheEntries } = on
  const unlucky = tokens(on, TIMES * cacheEntries, false)
  const others = tokens(on, OTHERS, true)
  const checks = CHECKS_PER_SECOND * sizesOf('adversary', context.scale).floodSeconds

  const calm = await checked(engine, others, undefined, checks)
  const delay = monitorEventLoopDelay({ resolution: 1 })
  let busy = calm
  const caused = await causedBy(async () => {
    delay.enable()
    busy = await checked(engine, others, unlucky, checks)
    delay.disable()
  }, on)
  const { cache } = engine.stats()
  assertAnswer(cache.entries <= cacheEntries, 'the verdict cache is larger than it may be')

  record(context, on, {
    'others, calm': calm.others,
    'others, flooded': busy.others,
    'the flood': busy.flood,
  })
  const flooding = busy.flood.latency.totalCount
  return [
    {
      what: `a flood of different false positives, ${way}: store reads a check`,
      value: caused.reads / flooding,
      unit: '',
      target: atMost(server === undefined ? 1 : 0),
      from:
        `${flooding.toLocaleString('en')} checks of ${unlucky.length.toLocaleString('en')} tokens in turn, ` +
        `cache of ${cacheEntries.toLocaleString('en')}: ${inWords(caused)}`,
    },
    ...(server === undefined ? [] : [commandsRow(caused.commands / flooding)]),
    {
      what: `a check of the flood, ${way}: the call, p50`,
      value: busy.flood.service.getValueAtPercentile(50) / 1000,
      unit: 'µs',
      from: percentilesOf(busy.flood.service),
    },
    {
      what: `the others meanwhile, ${way}: p99 from when they were due`,
      value: busy.others.latency.getValueAtPercentile(99) / 1000,
      unit: 'µs',
      from: `${percentilesOf(busy.others.latency)}; without the flood ${percentilesOf(calm.others.latency)}`,
    },
    {
      what: `event-loop delay in the flood, ${way}, p99`,
      value: delay.percentile(99) / 1e6,
      unit: 'ms',
      from: `${(CHECKS_PER_SECOND / 2).toLocaleString('en')} of its checks a second; a timer of 1 ms`,
    },
  ]
}

const commandsRow = (value: number): Row => ({
  what: 'the same: Redis commands a check',
  value,
  unit: '',
  target: atMost(1),
})

function record(
  context: Context,
  { way, entries: n }: Attacked,
  measured: Readonly<Record<string, Latencies>>,
): void {
  for (const [name, { latency, service }] of Object.entries(measured)) {
    const engine = `${name}, ${way}`
    context.record([
      histogramMeasurement(latency, { engine, n, operation: 'from when it was due' }),
      histogramMeasurement(service, { engine, n, operation: 'the call' }),
    ])
  }
}

/** Checks at a fixed rate; every other one is the flood's, where there is one. */
async function checked(
  engine: Revocade,
  others: readonly string[],
  unlucky: readonly string[] | undefined,
  count: number,
): Promise<{ others: Latencies; flood: Latencies }> {
  const times = { others: newLatencies(), flood: newLatencies() }
  let taken = 0
  await openLoop<Probe>({
    ratePerSecond: CHECKS_PER_SECOND,
    now: nowNs,
    turn: () => setImmediate(),
    goOn: (begun) => begun < count,
    take: () => {
      const turn = taken++
      return unlucky !== undefined && turn % 2 === 0
        ? { claims: parse(unlucky[(turn >> 1) % unlucky.length] ?? ''), times: times.flood }
        : { claims: parse(others[turn % others.length] ?? ''), times: times.others }
    },
    operate: ({ claims }) => (engine.isClearlyActive(claims) ? undefined : lookCloser(engine, claims)),
  })
  return times
}

async function lookCloser(engine: Revocade, claims: TokenClaims): Promise<void> {
  assertAnswer((await engine.check(claims)).status === 'active', 'a token that nobody revoked is not active')
}
