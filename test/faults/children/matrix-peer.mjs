// An engine among others on one store: it changes tokens at random, keeps checking those that are being changed, and
// writes down each change before it is made and once it is answered, so that a kill loses none.
import { openSync, writeSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { importBuilt } from '../../support/package-under-test.mjs'
import { random } from '../../support/random.mjs'
import { serve } from '../../support/serve.mjs'
import { Notes } from './notes.mjs'
import { Sweep } from './sweep.mjs'

const { createRevocade } = await importBuilt('index.js')
const { name, options, seed, log, store, tokens, wallAtZero } = JSON.parse(process.argv[2])
const { below, chance } = random(seed)
/** CLOCK_MONOTONIC: one clock for all processes of a machine. */
const now = () => Number(process.hrtime.bigint()) / 1e6

// Token i belongs to the slot of time i / perSlot. All peers change and check the tokens of the latest slots, so they
// meet. Four in a row have one subject; of these the last one expires soon.
const { perSlot, slotMs, shortLifeMs } = tokens
const slotAt = (ms) => Math.floor(ms / slotMs)
const deathOf = (i) => (i % 4 === 3 ? Math.floor(i / perSlot) * slotMs + shortLifeMs : Infinity)
const seconds = (monotonic) => Math.floor((wallAtZero + monotonic) / 1000)
const started = now()
const TOMORROW = seconds(started) + 86_400
const ISSUED = seconds(started) - 100_000
const claimsOf = (i) => ({
  jti: `t${i}`,
  sub: `s${i >> 2}`,
  iat: ISSUED,
  exp: deathOf(i) === Infinity ? TOMORROW : seconds(deathOf(i)),
})
const pick = (slots) => (slotAt(now()) - below(slots)) * perSlot + below(perSlot)

const file = openSync(log, 'a')
const write = (...line) => writeSync(file, `${JSON.stringify(line)}\n`)
const notes = new Notes(name)
const sweep = new Sweep(name, now)
const count = { checks: 0, changes: 0 }
const said = []

const CHANGES = {
  revoke: (i) => engine.revoke(claimsOf(i)),
  unrevoke: (i) => engine.unrevoke(claimsOf(i)),
  revokeWhere: (i) => engine.revokeWhere({ sub: `s${i >> 2}` }, { expiresAt: TOMORROW }),
  unrevokeWhere: (i) => engine.unrevokeWhere({ sub: `s${i >> 2}` }),
}
const NAMES = ['revoke', 'revoke', 'revoke', 'unrevoke', 'revokeWhere', 'unrevokeWhere']
let changes = 0

async function change() {
  const i = pick(4)
  if (now() > deathOf(i) - 1000) return
  const op = NAMES[below(NAMES.length)]
  const line = { engine: name, op, ...(op.endsWith('Where') ? { sub: i >> 2 } : { token: i }), start: now() }
  const id = changes++
  write('try', id, line)
  notes.begin()
  let answer = { verdict: 'done' }
  try {
    await CHANGES[op](i)
    count.changes++
  } catch (error) {
    if (error.name !== 'RevocadeError') throw error
    answer = { verdict: 'failed', code: error.code }
  }
  notes.begin()
  write('end', id, { end: now(), ...answer })
}

/** As a request handler asks: the synchronous look first. */
async function check() {
  const i = chance(0.2) ? pick(200) : pick(12)
  if (now() > deathOf(i) - 1000) return
  const claims = claimsOf(i)
  const start = now()
  const { status, decidedBy } = engine.isClearlyActive(claims)
    ? { status: 'active', decidedBy: 'prefilter' }
    : await engine.check(claims)
  const end = now()
  count.checks++
  if (end < deathOf(i)) notes.check(i, i >> 2, start, end, status, decidedBy)
}

const note = (about, text) => said.push(about?.err === undefined ? text : `${text}: ${about.err.message}`)
const logger = { debug() {}, info() {}, warn: note, error: note }
/** The tokens of slots that nobody changes any more, but for those that expire soon. */
function sweepOnce() {
  const last = slotAt(now()) - 8
  const settled = []
  for (let slot = Math.max(slotAt(started), last - 190); slot <= last; slot++)
    for (let i = slot * perSlot; i < (slot + 1) * perSlot; i++) if (deathOf(i) === Infinity) settled.push(i)
  sweep.pass(engine, settled, claimsOf)
}

const opener = {
  sqlite: () => store.location,
  async postgres() {
    const { PostgresStore } = await importBuilt('store/postgres/index.js')
    return new PostgresStore(store.location, store.network)
  },
  async redis() {
    const { RedisStore } = await importBuilt('store/redis/index.js')
    return new RedisStore(store.location, store.network)
  },
}

/** As a supervisor does: what can't be opened is tried again. */
async function opened() {
  for (let tries = 1; ; tries++) {
    try {
      return await createRevocade({ ...options, store: await opener[store.kind](), logger })
    } catch (error) {
      if (error.name !== 'RevocadeError' || tries === 200) throw error
      said.push(error.message)
      await sleep(100)
    }
  }
}

const opening = now()
const engine = await opened()
write('open', { engine: name, op: 'open', start: opening, end: now() })

let working = true
const pending = new Set()
let batch = Promise.resolve([])
serve({
  progress: () => ({
    damaged: engine.stats().store.fault === 'ERR_STORE_CORRUPT',
    secondsAhead: (Date.now() - wallAtZero - now()) / 1000,
    ...count,
    clear: engine.stats().decided.prefilter,
  }),
  async rest() {
    working = false
    // What is still under way belongs to this round.
    await Promise.all([batch, ...pending])
    for (const line of [...notes.take(), ...sweep.take()]) write('check', line)
    const { swept } = sweep
    sweep.swept = 0
    return swept
  },
  stall({ ms }) {
    const end = now() + ms
    while (now() < end);
  },
  work() {
    working = true
  },
  said: () => ({ said, stats: engine.stats() }),
  close: () => engine.close(),
})

setInterval(() => {
  if (working) sweepOnce()
}, tokens.sweepMs)

while (process.connected) {
  if (working) {
    if (pending.size < 8) {
      const one = change()
      pending.add(one)
      void one.finally(() => pending.delete(one))
    }
    batch = Promise.all(Array.from({ length: 1 + below(100) }, check))
    await batch
  }
  await sleep(2 + below(20))
}
