// An engine among others on one store. It revokes tokens on a schedule that all peers know, and keeps checking those
// that are about to be revoked, or just were. Token i is revoked at `startAt + i * periodMs`; odd ones by `sub`.
import { writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { importBuilt } from '../../support/package-under-test.mjs'
import { random } from '../../support/random.mjs'

const { createRevocade } = await importBuilt('index.js')
const { name, options, periodMs, tokens, writes, stallMs, seed, history: path } = JSON.parse(process.argv[2])
const { below, chance } = random(seed)
/** CLOCK_MONOTONIC: one clock for all processes of a machine. */
const now = () => Number(process.hrtime.bigint()) / 1e6

const exp = Math.floor(Date.now() / 1000) + 86_400
const claims = Array.from({ length: tokens }, (_, i) => ({
  jti: `t${i}`,
  sub: `s${i}`,
  iat: exp - 100_000,
  exp,
}))
const history = []
const count = { checks: 0, active: 0, revoked: 0, unknown: 0, direct: 0, stalls: 0 }
/** By token, the checks that could break a promise: the latest "active" and the earliest "revoked". */
const latestActive = new Map()
const earliestRevoked = new Map()

function note(token, start, verdict) {
  count.checks++
  count[verdict]++
  if (verdict === 'active') {
    if (start > (latestActive.get(token)?.start ?? 0)) latestActive.set(token, { start, end: now() })
  } else if (verdict === 'revoked' && !earliestRevoked.has(token)) {
    earliestRevoked.set(token, { start, end: now() })
  }
}

/** A token that is revoked about now, give or take some; seldom any at all. */
const window = Math.ceil((options.maxStalenessMs + 40) / periodMs)
function pick() {
  const due = Math.floor((now() - startAt) / periodMs)
  const i = chance(0.05) ? below(tokens) : due + 8 - below(window + 8)
  return Math.min(tokens - 1, Math.max(0, i))
}

function lookDirectly() {
  const token = pick()
  const start = now()
  if (engine.isClearlyActive(claims[token])) {
    count.direct++
    note(token, start, 'active')
  }
}

async function ask() {
  const token = pick()
  const start = now()
  try {
    note(token, start, (await engine.isRevoked(claims[token])) ? 'revoked' : 'active')
  } catch ({ code }) {
    if (code !== 'ERR_UNAVAILABLE') throw new Error(code)
    note(token, start, 'unknown')
  }
}

async function write(token) {
  await sleep(startAt + token * periodMs - now())
  const start = now()
  let verdict = 'done'
  try {
    if (token % 2 === 0) await engine.revoke(claims[token])
    else await engine.revokeWhere({ sub: `s${token}` }, { expiresAt: exp })
  } catch ({ code }) {
    if (code !== 'ERR_NOT_DURABLE') throw new Error(code)
    verdict = 'failed'
  }
  history.push({ engine: name, op: 'revoke', token, start, end: now(), verdict })
}

async function writeAll() {
  const mine = Array.from({ length: tokens }, (_, i) => i).filter(
    (i) => writes !== null && i % writes.of === writes.mine,
  )
  await Promise.all(mine.map(write))
}

const engine = await createRevocade(options)
process.send('ready')
const startAt = await new Promise((resolve) => process.once('message', resolve))
const writing = writeAll()
const end = startAt + tokens * periodMs + options.maxStalenessMs + 100
while (now() < end) {
  // A handful of checks in one turn of the event loop, some of them through promises.
  const turnEnds = now() + 2
  while (now() < turnEnds) {
    for (let i = 0; i < 20; i++) lookDirectly()
    await ask()
  }
  if (stallMs > 0 && chance(0.05)) {
    count.stalls++
    for (const stallEnds = now() + stallMs; now() < stallEnds;);
    // In the same turn: no timer fired since, so nothing was told to the engine.
    for (let i = 0; i < 50; i++) lookDirectly()
  }
  await new Promise(setImmediate)
}
await writing
for (const [token, times] of latestActive)
  history.push({ engine: name, op: 'check', token, verdict: 'active', ...times })
for (const [token, times] of earliestRevoked)
  history.push({ engine: name, op: 'check', token, verdict: 'revoked', ...times })
writeFileSync(path, JSON.stringify({ count, history }))
await engine.close()
process.disconnect()
