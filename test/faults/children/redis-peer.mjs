// An engine among others on one store, with one Redis. It changes tokens on a schedule that all peers know, and keeps
// checking them around these changes, and tokens that nobody ever revokes. It reports the answers on request.
import { writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { importBuilt } from '../../support/package-under-test.mjs'
import { serve } from '../../support/serve.mjs'
import { Notes } from './notes.mjs'
import { random } from '../../support/random.mjs'

const { createRevocade } = await importBuilt('index.js')
const { name, me, of, options, periodMs, holdMs, bystanders, seed } = JSON.parse(process.argv[2])
const { below, chance } = random(seed)
/** CLOCK_MONOTONIC: one clock for all processes of a machine. */
const now = () => Number(process.hrtime.bigint()) / 1e6
const exp = Math.floor(Date.now() / 1000) + 86_400
/** Token i. Four in a row have one subject; those below 0 are nobody's, and never revoked. */
const subOf = (i) => (i < 0 ? undefined : i >> 2)
const claimsOf = (i) => ({ jti: `t${i}`, ...(i < 0 ? {} : { sub: `s${subOf(i)}` }), iat: exp - 100_000, exp })

const notes = new Notes(name)
let count
let said = []
const begin = () =>
  (count = {
    checks: 0,
    failed: 0,
    unknown: 0,
    changes: 0,
    decided: { prefilter: 0, cache: 0, redis: 0, store: 0, policy: 0 },
  })
begin()

const CHANGES = {
  revoke: (i) => engine.revoke(claimsOf(i)),
  unrevoke: (i) => engine.unrevoke(claimsOf(i)),
  revokeWhere: (i) => engine.revokeWhere({ sub: `s${subOf(i)}` }, { expiresAt: exp }),
  unrevokeWhere: (i) => engine.unrevokeWhere({ sub: `s${subOf(i)}` }),
}

/** The changes of token i, each by another peer; every fourth plan concerns the subject of all tokens. */
const PLANS = [
  ['revoke'],
  ['revoke', 'unrevoke'],
  ['revoke', 'unrevoke', 'revoke'],
  ['revokeWhere', 'unrevokeWhere'],
]

async function change(i, op) {
  const named = op.endsWith('Where') ? { sub: subOf(i) } : { token: i }
  notes.begin()
  const start = now()
  let verdict = 'done'
  try {
    await CHANGES[op](i)
    count.changes++
  } catch ({ code }) {
    verdict = 'failed'
    count.failed++
    if (code !== 'ERR_NOT_DURABLE') throw new Error(`${op}: ${code}`)
  }
  notes.change({ op, ...named, start, end: now(), verdict })
}

let next = 0
function changeWhatIsDue() {
  for (const due = Math.floor((now() - startAt) / periodMs); next <= due; next++) {
    const i = next
    PLANS[i % 4].forEach((op, step) => {
      if ((i + step) % of === me) setTimeout(() => void change(i, op), step * holdMs)
    })
  }
}

const window = Math.ceil((holdMs * 2.5) / periodMs)
function pick() {
  const due = Math.max(0, Math.floor((now() - startAt) / periodMs))
  if (chance(0.3)) return -1 - below(bystanders)
  return chance(0.1) ? below(due + 1) : Math.max(0, due + 3 - below(window))
}

/** As a request handler asks: the synchronous look first. */
async function ask() {
  const i = pick()
  const claims = claimsOf(i)
  const start = now()
  const { status, decidedBy } = engine.isClearlyActive(claims)
    ? { status: 'active', decidedBy: 'prefilter' }
    : await engine.check(claims)
  count.checks++
  count.decided[decidedBy]++
  if (status === 'unknown') count.unknown++
  // Nothing could make that one wrong.
  if (i >= 0 || status !== 'active') notes.check(i, subOf(i), start, now(), status, decidedBy)
}

const logger = {
  debug() {},
  info: (_, text) => said.push(['info', text]),
  warn: (_, text) => said.push(['warn', text]),
  error: (_, text) => said.push(['error', text]),
}
const opening = now()
const engine = await createRevocade({ ...options, logger })
notes.change({ op: 'open', start: opening, end: now() })

let working = false
let startAt = 0
const doings = {
  /** Begins to work, or goes on, with token number `first`. */
  work({ at, first }) {
    startAt = at - first * periodMs
    next = first
    working = true
  },
  rest() {
    working = false
  },
  /** What happened since it was last asked; the history into a file, for it is long. */
  tell({ path }) {
    writeFileSync(path, JSON.stringify(notes.take()))
    const told = { count, said, stats: engine.stats() }
    said = []
    begin()
    return told
  },
  stats: () => engine.stats(),
}
serve(doings)

while (process.connected) {
  if (working) {
    changeWhatIsDue()
    await Promise.all(Array.from({ length: 1 + below(150) }, ask))
  }
  await sleep(working ? 1 : 5)
}
