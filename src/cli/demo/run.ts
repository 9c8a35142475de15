import { rmSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import type { Revocade, RevocationInput } from '../../api.js'
import { createRevocade } from '../../create-revocade.js'
import { writeJson, writeLine } from '../output/print.js'
import { StepProgress } from '../output/progress.js'
import { median } from '../statistics.js'
import { countRevoked, killWhileRevoking } from './crash.js'
import { type DemoResult, reportText } from './report.js'
import { ISSUER, type MintedToken, mintTokens } from './tokens.js'
import { type Probe, seededRandom, sendTraffic, type TrafficResult } from './traffic.js'

const TOKENS_PER_ALGORITHM = 500
const SUBJECTS = 200
/** The subject whose tokens are revoked by one selector. */
const REVOKED_SUBJECT = 'user-7'
const BACKGROUND = 95_000
const CHECKS_OF_TOKENS = 100_000
const CHECKS_OF_STRANGERS = 200_000
const COARSE_CHECKS = 50_000
/** Bits of a digest that the coarse filter compares: N entries make N in 2^22 ids look revoked. */
const COARSE_BITS = 22
const STALENESS_MS = 1000
const CRASH_ACKNOWLEDGED = 500

/** Runs the demo in a temporary directory; returns the exit code. */
export async function runDemo({
  json = false,
  progress,
}: {
  readonly json?: boolean
  readonly progress: boolean
}): Promise<number> {
  const directory = await mkdtemp(join(tmpdir(), 'revocade-demo-'))
  const interrupted = (): void => {
    rmSync(directory, { recursive: true, force: true })
    process.exit(130)
  }
  process.once('SIGINT', interrupted)
  const steps = new StepProgress(progress)
  let result: DemoResult
  try {
    result = await demonstrate(join(directory, 'revocade.db'), steps)
  } finally {
    steps.stop()
    await rm(directory, { recursive: true, force: true })
    process.off('SIGINT', interrupted)
  }
  await (json ? writeJson(result) : writeLine(reportText(result)))
  return result.ok ? 0 : 2
}

async function demonstrate(store: string, steps: StepProgress): Promise<DemoResult> {
  const started = performance.now()
  const minted = await mintTokens(TOKENS_PER_ALGORITHM, SUBJECTS, async (done) => {
    steps.show('signing and verifying tokens', 0.2 * (done / (4 * TOKENS_PER_ALGORITHM)))
    await nextTurn()
  })
  const { tokens } = minted

  const engine = await createRevocade({ store, maxStalenessMs: STALENESS_MS })
  let running: Omit<DemoResult, 'ok' | 'seconds' | 'wrongAnswers' | 'tokens' | 'crash'>
  let acknowledged: number[]
  let seenByRunningEngine: number
  const truth = new Set<MintedToken>()
  try {
    steps.show('revoking', 0.2)
    const revocations = await revokeShare(engine, tokens, truth)
    const asShipped = await sendTraffic(engine, probes(tokens, truth), (done) =>
      steps.show('checking', 0.3 + 0.4 * (done / (CHECKS_OF_TOKENS + CHECKS_OF_STRANGERS))),
    )
    running = { revocations, asShipped, coarse: await coarseTraffic(store, tokens, truth, steps) }
    steps.show('killing a process that revokes', 0.85)
    acknowledged = await killWhileRevoking(store, CRASH_ACKNOWLEDGED)
    await sleep(STALENESS_MS)
    seenByRunningEngine = await countRevoked(engine, acknowledged)
  } finally {
    await engine.close()
  }

  steps.show('reopening the store', 0.95)
  await using reopened = await createRevocade({ store, maxStalenessMs: STALENESS_MS })
  const seenAfterReopening = await countRevoked(reopened, acknowledged)
  let wrongAfterReopening = 0
  for (const token of tokens)
    if ((await reopened.isRevoked(token.raw)) !== truth.has(token)) wrongAfterReopening++

  const lost = seenByRunningEngine < acknowledged.length || seenAfterReopening < acknowledged.length
  const wrongAnswers = running.asShipped.wrong + running.coarse.wrong + wrongAfterReopening
  return {
    ok: wrongAnswers === 0 && !lost,
    seconds: (performance.now() - started) / 1000,
    wrongAnswers,
    tokens: {
      minted: tokens.length,
      withoutJti: tokens.filter(({ claims }) => claims.jti === undefined).length,
      algorithms: minted.algorithms,
    },
    ...running,
    crash: {
      acknowledged: acknowledged.length,
      seenByRunningEngine,
      seenAfterReopening,
      wrongAfterReopening,
    },
  }
}

/**
 * Revokes some tokens one by one, some in bulk, and one subject by a selector; adds all of them to `truth`.
 */
async function revokeShare(
  engine: Revocade,
  tokens: readonly MintedToken[],
  truth: Set<MintedToken>,
): Promise<DemoResult['revocations']> {
  const single = tokens.filter((_, i) => i % 10 === 1 || i % 100 === 0)
  const many = tokens.filter((_, i) => i % 10 === 2)
  const times: number[] = []
  for (const token of single) {
    const started = performance.now()
    await engine.revoke(token.raw, { reason: 'demo' })
    times.push(performance.now() - started)
    truth.add(token)
  }
  const bulk = await engine.revokeMany(many.map(({ raw }) => ({ token: raw, reason: 'demo' })))
  for (const token of many) truth.add(token)
  const before = truth.size
  await engine.revokeWhere(
    { sub: REVOKED_SUBJECT },
    { expiresAt: Math.floor(Date.now() / 1000) + 3600, reason: 'demo' },
  )
  for (const token of tokens) if (token.sub === REVOKED_SUBJECT) truth.add(token)
  const bySelector = truth.size - before
  const started = performance.now()
  const background = await engine.revokeMany(backgroundEntries())
  return {
    oneByOne: single.length,
    bulk: bulk.count,
    bySelector,
    background: background.count,
    backgroundPerSecond: background.count / ((performance.now() - started) / 1000),
    durableP50: median(times),
  }
}

function* backgroundEntries(): Generator<RevocationInput, void, void> {
  const now = Math.floor(Date.now() / 1000)
  for (let i = 0; i < BACKGROUND; i++)
    yield { iss: ISSUER, jti: `background-${i}`, expiresAt: now + 600 + (i % 3600) }
}

/** Tokens chosen at random, half of the time as their verified claims; then ids that were never revoked. */
function* probes(
  tokens: readonly MintedToken[],
  truth: ReadonlySet<MintedToken>,
): Generator<Probe, void, void> {
  const random = seededRandom(2026)
  for (let i = 0; i < CHECKS_OF_TOKENS; i++) {
    const token = tokens.at(Math.floor(random() * tokens.length))
    if (token === undefined) return
    const asClaims = token.claims.jti !== undefined && random() < 0.5
    yield { token: asClaims ? token.claims : token.raw, revoked: truth.has(token) }
  }
  for (let i = 0; i < CHECKS_OF_STRANGERS; i++) yield { ...stranger('stranger', i), sample: true }
}

function stranger(name: string, i: number): Probe {
  return { token: { iss: ISSUER, jti: `${name}-${i}` }, revoked: false }
}

/**
 * Sends checks to a second engine on the same store, whose filter lets about 2 % through. Each id comes
 * twice, so that the verdict cache answers, too.
 */
async function coarseTraffic(
  store: string,
  tokens: readonly MintedToken[],
  truth: ReadonlySet<MintedToken>,
  steps: StepProgress,
): Promise<TrafficResult> {
  await using engine = await createRevocade({
    store,
    snapshot: false,
    maxStalenessMs: STALENESS_MS,
    prefilter: { kind: 'trie', prefixBits: COARSE_BITS },
  })
  function* twice(): Generator<Probe, void, void> {
    for (let round = 0; round < 2; round++) {
      for (const token of tokens) yield { token: token.raw, revoked: truth.has(token) }
      for (let i = 0; i < COARSE_CHECKS; i++) yield { ...stranger('coarse', i), sample: round === 0 }
    }
  }
  return await sendTraffic(engine, twice(), (done) =>
    steps.show('checking with a coarse filter', 0.7 + 0.15 * (done / (2 * COARSE_CHECKS))),
  )
}
