import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import Database from 'better-sqlite3'
import { describe, expect, it } from 'vitest'
import { Child } from '../support/process.js'
import { startRedis } from '../support/redis/server.js'
import { temporaryDirectory } from '../support/temp.js'
import { judge, type Line } from './history.js'

// Promises 2, 3 and 5 between processes: some revoke, all check the tokens that are about to be revoked, and say when
// each check started. A longer run: REVOCADE_TEST_SECONDS=60 npx vitest run test/faults/staleness.test.ts

const SECONDS = Number(process.env.REVOCADE_TEST_SECONDS ?? 2)
/** A revocation every so often. */
const PERIOD_MS = 5
/** On a machine that is busy with other things a round may be too short to be of any use. */
const MAX_ROUNDS = 5

interface Peer {
  readonly name: string
  /** Δ. */
  readonly stalenessMs: number
  /** Revokes every so-manieth token. */
  readonly writes?: { readonly mine: number; readonly of: number }
  /** Blocks its event loop now and then for so long. */
  readonly stallMs?: number
  /** Is stopped (SIGSTOP) now and then for so long. */
  readonly suspendMs?: number
}

interface Count {
  checks: number
  active: number
  revoked: number
  unknown: number
  direct: number
  stalls: number
}

interface Told {
  readonly count: Count
  readonly history: readonly Line[]
}

/** Runs the peers on one store. Resolves with what each of them wrote down, and how often one was suspended. */
async function run(
  peers: readonly Peer[],
  lockMs: number,
  redis: string | undefined,
): Promise<{ told: Map<string, Told>; suspensions: number }> {
  const folder = temporaryDirectory()
  const store = join(folder, 'store.db')
  const tokens = Math.floor((SECONDS * 1000) / PERIOD_MS)
  const children = peers.map(({ name, stalenessMs, writes = null, stallMs = 0, suspendMs = 0 }, i) => {
    const job = {
      name,
      periodMs: PERIOD_MS,
      tokens,
      writes,
      stallMs,
      seed: Math.floor(Math.random() * 2 ** 31),
      history: join(folder, name),
      options: { store, claims: ['sub'], maxStalenessMs: stalenessMs, snapshot: i % 2 === 0, redis },
    }
    const child = new Child(new URL('children/peer.mjs', import.meta.url), [JSON.stringify(job)])
    const ready = Promise.race([
      child.ended,
      new Promise((resolve) => child.process.once('message', resolve)),
    ])
    return { name, suspendMs, child, ready }
  })
  await Promise.all(children.map(({ ready }) => ready))
  for (const { child } of children)
    if (!child.over) child.process.send(Number(process.hrtime.bigint()) / 1e6 + 50)

  let suspensions = 0
  const suspending = children
    .filter(({ suspendMs }) => suspendMs > 0)
    .map(async ({ child, suspendMs }) => {
      while (!child.over) {
        await sleep(250)
        child.suspend(true)
        await sleep(suspendMs)
        child.suspend(false)
        suspensions++
      }
    })
  const locking = async (): Promise<void> => {
    while (lockMs > 0 && !children.every(({ child }) => child.over)) {
      await sleep(200)
      const db = new Database(store, { fileMustExist: true, timeout: 5000 })
      db.exec('BEGIN IMMEDIATE')
      await sleep(lockMs)
      db.exec('ROLLBACK')
      db.close()
    }
  }
  await Promise.all([...children.map(({ child }) => child.ended), ...suspending, locking()])

  const told = new Map<string, Told>()
  for (const { name, child } of children) {
    expect(child.complaints, name).toBe('')
    told.set(name, JSON.parse(readFileSync(join(folder, name), 'utf8')) as Told)
  }
  return { told, suspensions }
}

/** What an engine was seen to do, to prove that a run could have failed. */
class Seen {
  /** Tokens that it called active after their revocation was acknowledged, which is right only within Δ. */
  near = 0
  /** Tokens that it called active first and revoked then. */
  turned = 0
  checks = 0
  stalls = 0
}

/** Runs and judges, until every engine has been seen to do enough. */
async function trial(
  peers: readonly Peer[],
  enough: (seen: (name: string) => Seen) => boolean,
  lockMs = 0,
  redis?: string,
) {
  const all = new Map(peers.map(({ name }) => [name, new Seen()]))
  const seen = (name: string): Seen => all.get(name) ?? new Seen()
  let suspensions = 0
  for (let round = 0; round < MAX_ROUNDS && (round === 0 || !enough(seen)); round++) {
    const { told, suspensions: more } = await run(peers, lockMs, redis)
    suspensions += more
    const history = [...told.values()].flatMap((one) => one.history)
    expect(judge(history, (engine) => peers.find(({ name }) => name === engine)?.stalenessMs ?? 0)).toEqual(
      [],
    )
    const acknowledged = new Map(
      history.flatMap((line) => (line.op === 'revoke' ? [[line.token, line.end] as const] : [])),
    )
    for (const [name, { count, history: own }] of told) {
      const checks = own.filter((line) => line.op === 'check')
      const active = new Set(checks.filter(({ verdict }) => verdict === 'active').map(({ token }) => token))
      const one = seen(name)
      one.checks += count.checks
      one.stalls += count.stalls
      one.near += checks.filter(
        ({ verdict, token, start }) => verdict === 'active' && start > (acknowledged.get(token) ?? Infinity),
      ).length
      one.turned += checks.filter(({ verdict, token }) => verdict === 'revoked' && active.has(token)).length
    }
  }
  if (process.env.REVOCADE_TEST_SECONDS !== undefined)
    console.log(JSON.stringify({ ...Object.fromEntries(all), suspensions }))
  expect(enough(seen), JSON.stringify([...all])).toBe(true)
  return { seen, suspensions }
}

const WRITER: Peer = { name: 'writer', stalenessMs: 300, writes: { mine: 0, of: 1 } }

describe('two processes on one store', () => {
  it.each([50, 300, 0])('no "active" later than Δ = %i ms', async (stalenessMs) => {
    const { seen } = await trial(
      [WRITER, { name: 'checker', stalenessMs }],
      (of) =>
        of('checker').checks > 40_000 &&
        of('checker').turned > 50 &&
        (stalenessMs === 0 || of('checker').near > 50),
    )
    if (stalenessMs === 0) expect(seen('checker').near).toBe(0)
    expect(seen('writer').near).toBe(0)
  })
})

describe('four processes on one store', () => {
  it('no "active" later than Δ where event loops stall, a process is suspended and the store is locked', async () => {
    const { seen, suspensions } = await trial(
      [
        { name: 'writer', stalenessMs: 300, writes: { mine: 0, of: 2 } },
        { name: 'staller', stalenessMs: 50, stallMs: 120, writes: { mine: 1, of: 2 } },
        { name: 'sleeper', stalenessMs: 100, suspendMs: 200 },
        { name: 'strict', stalenessMs: 0, stallMs: 60 },
      ],
      (of) =>
        ['writer', 'staller', 'sleeper'].every((name) => of(name).near > 5) &&
        ['staller', 'sleeper', 'strict'].every((name) => of(name).turned > 5) &&
        ['staller', 'strict'].every((name) => of(name).stalls > 5),
      100,
    )
    expect(suspensions).toBeGreaterThan(3)
    expect(seen('strict').near).toBe(0)
  })
})

describe('four processes on one store, with a Redis between them', () => {
  it('no "active" later than Δ: what they tell each other makes it sooner, and no lease longer', async () => {
    const redis = await startRedis()
    const { seen } = await trial(
      [
        { name: 'writer', stalenessMs: 300, writes: { mine: 0, of: 2 } },
        { name: 'other writer', stalenessMs: 300, writes: { mine: 1, of: 2 } },
        { name: 'staller', stalenessMs: 100, stallMs: 150 },
        { name: 'sleeper', stalenessMs: 100, suspendMs: 200 },
      ],
      (of) => ['staller', 'sleeper'].every((name) => of(name).near > 5 && of(name).turned > 5),
      0,
      redis.url,
    )
    expect(seen('staller').stalls).toBeGreaterThan(5)
  })
})
