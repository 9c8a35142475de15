import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Revocade } from '../../api.js'
import { createRevocade } from '../../create-revocade.js'
import { CliError } from '../errors.js'
import type { StepProgress } from '../output/progress.js'
import { median } from '../statistics.js'
import { crashClaims, ISSUER, type MintedToken, mintTokens } from './tokens.js'
import { type Probe, sendTraffic } from './traffic.js'

const TOKENS_PER_ALGORITHM = 500
/** The subject whose tokens are revoked by one selector. */
const REVOKED_SUBJECT = 'user-7'
/** Revocations of tokens that are never checked: they fill the prefilter as in a real service. */
const BACKGROUND = 95_000
const CHECKS_OF_TOKENS = 100_000
const CHECKS_OF_STRANGERS = 200_000
const COARSE_CHECKS = 50_000
/** Bits of a digest that the coarse filter compares: N entries make N in 2^22 ids look revoked. */
const COARSE_BITS = 22
const STALENESS_MS = 1000
const CRASH_ACKNOWLEDGED = 500

/** What the demo did and measured. Its `ok`: every answer was right, and nothing acknowledged was lost. */
export type DemoResult = Awaited<ReturnType<typeof demonstrate>>

/** Tokens with the truth about them. */
type Known = Readonly<{ tokens: readonly MintedToken[]; revoked: Set<MintedToken> }>

/** Runs the demo on a new store. */
export async function demonstrate(store: string, steps: StepProgress) {
  const started = performance.now()
  steps.show('signing and verifying tokens', 0)
  const { tokens, algorithms } = await mintTokens(TOKENS_PER_ALGORITHM)
  const known = { tokens, revoked: new Set<MintedToken>() }
  const running = await whileRunning(store, known, steps)

  steps.show('reopening the store', 0.95)
  await using reopened = await createRevocade({ store, maxStalenessMs: STALENESS_MS })
  const { acknowledged, seenByRunningEngine, ...results } = running
  const seenAfterReopening = await countRevoked(reopened, acknowledged)
  let wrongAfterReopening = 0
  for (const token of tokens)
    if ((await reopened.isRevoked(token.raw)) !== known.revoked.has(token)) wrongAfterReopening++

  const lost = acknowledged.length - Math.min(seenByRunningEngine, seenAfterReopening)
  const wrongAnswers = running.asShipped.wrong + running.coarse.wrong + wrongAfterReopening
  const withoutJti = tokens.filter(({ claims }) => claims.jti === undefined).length
  const seen = { seenByRunningEngine, seenAfterReopening, wrongAfterReopening }
  return {
    ok: wrongAnswers === 0 && lost === 0,
    seconds: (performance.now() - started) / 1000,
    wrongAnswers,
    tokens: { minted: tokens.length, withoutJti, algorithms },
    ...results,
    crash: { acknowledged: acknowledged.length, ...seen },
  }
}

/** What one engine does, from an empty store until another process has crashed. */
async function whileRunning(store: string, known: Known, steps: StepProgress) {
  await using engine = await createRevocade({ store, maxStalenessMs: STALENESS_MS })
  steps.show('revoking', 0.2)
  const revocations = await revokeSome(engine, known)
  const asShipped = await sendTraffic(engine, probes(known), (done) =>
    steps.show('checking', 0.3 + 0.4 * (done / (CHECKS_OF_TOKENS + CHECKS_OF_STRANGERS))),
  )
  steps.show('checking with a coarse filter', 0.7)
  const coarse = await coarseTraffic(store, known)
  steps.show('killing a process that revokes', 0.85)
  const acknowledged = await killWhileRevoking(store)
  await sleep(STALENESS_MS)
  const seenByRunningEngine = await countRevoked(engine, acknowledged)
  return { revocations, asShipped, coarse, acknowledged, seenByRunningEngine }
}

/** Revokes some tokens one by one, some in bulk, and one subject by a selector. */
async function revokeSome(engine: Revocade, { tokens, revoked }: Known) {
  const single = tokens.filter((_, i) => i % 10 === 1 || i % 100 === 0)
  const many = tokens.filter((_, i) => i % 10 === 2)
  const times: number[] = []
  for (const token of single) {
    const started = performance.now()
    await engine.revoke(token.raw, { reason: 'demo' })
    times.push(performance.now() - started)
  }
  const bulk = await engine.revokeMany(many.map(({ raw }) => ({ token: raw, reason: 'demo' })))
  for (const token of [...single, ...many]) revoked.add(token)

  const now = Math.floor(Date.now() / 1000)
  await engine.revokeWhere({ sub: REVOKED_SUBJECT }, { expiresAt: now + 3600, reason: 'demo' })
  const bySelector = tokens.filter((token) => token.claims.sub === REVOKED_SUBJECT && !revoked.has(token))
  for (const token of bySelector) revoked.add(token)

  const started = performance.now()
  const others = Array.from({ length: BACKGROUND }, (_, i) => {
    return { iss: ISSUER, jti: `background-${i}`, expiresAt: now + 600 + (i % 3600) }
  })
  const background = await engine.revokeMany(others)
  return {
    oneByOne: single.length,
    bulk: bulk.count,
    /** Tokens that one `revokeWhere({ sub })` hit. */
    bySelector: bySelector.length,
    background: background.count,
    backgroundPerSecond: background.count / ((performance.now() - started) / 1000),
    /** Milliseconds until one revocation is durable, in sequence. */
    durableP50: median(times),
  }
}

/** Tokens in an even mix, half of the time as their verified claims; then ids that were never revoked. */
function* probes({ tokens, revoked }: Known): Generator<Probe, void, void> {
  for (let i = 0; i < CHECKS_OF_TOKENS; i++) {
    // Weyl's sequence by the golden ratio.
    const token = tokens[Math.floor(((i * 0.618033988749895) % 1) * tokens.length)]
    if (token === undefined) continue
    const asClaims = token.claims.jti !== undefined && i % 2 === 0
    yield { token: asClaims ? token.claims : token.raw, revoked: revoked.has(token) }
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
async function coarseTraffic(store: string, { tokens, revoked }: Known) {
  await using engine = await createRevocade({
    store,
    snapshot: false,
    maxStalenessMs: STALENESS_MS,
    prefilter: { kind: 'trie', prefixBits: COARSE_BITS },
  })
  function* twice(): Generator<Probe, void, void> {
    for (const sample of [true, false]) {
      for (const token of tokens) yield { token: token.raw, revoked: revoked.has(token) }
      for (let i = 0; i < COARSE_CHECKS; i++) yield { ...stranger('coarse', i), sample }
    }
  }
  return await sendTraffic(engine, twice())
}

/**
 * Starts a process that revokes on the same store, and kills it (SIGKILL) while it does.
 *
 * @returns the numbers of all revocations that it acknowledged
 */
async function killWhileRevoking(store: string): Promise<number[]> {
  const script = fileURLToPath(new URL('./crash-child.js', import.meta.url))
  const child = spawn(process.execPath, [script], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, REVOCADE_STORE: store }, // a URL may hold a password, and arguments are seen
  })
  const exited = once(child, 'exit')
  const acknowledged: number[] = []
  for await (const line of createInterface({ input: child.stdout })) {
    acknowledged.push(Number(line))
    if (acknowledged.length >= CRASH_ACKNOWLEDGED) child.kill('SIGKILL')
  }
  await exited
  if (acknowledged.length >= CRASH_ACKNOWLEDGED) return acknowledged
  throw new CliError('ERR_INTERNAL', 'the process to be killed ended by itself')
}

/** How many of the acknowledged revocations an engine knows. */
async function countRevoked(engine: Revocade, acknowledged: readonly number[]): Promise<number> {
  let found = 0
  for (const index of acknowledged) if (await engine.isRevoked(crashClaims(index))) found++
  return found
}
