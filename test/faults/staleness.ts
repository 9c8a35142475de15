import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import Database from 'better-sqlite3'
import { expect } from 'vitest'
import { Child } from '../support/process.js'
import { report, SCALE } from '../support/scale.js'
import { temporaryDirectory } from '../support/temp.js'
import { judge, type Line } from './history.js'

// Promises 2, 3 and 5 between processes: some revoke, all check the tokens that are about to be revoked, and
// record when each check started.

/** Seconds of one round. */
const SECONDS = 2 * SCALE
/** Time between two revocations. */
const PERIOD_MS = 5
/** Rounds until a trial gives up: far more than the slowest machine needs to see enough. */
const MAX_ROUNDS = 100
/** The timeout of a trial. A trial ends when it has seen enough, however long that takes. */
export const PATIENCE_MS = 900_000 + SECONDS * 10_000

export interface Peer {
  readonly name: string
  /** Δ. */
  readonly stalenessMs: number
  /** Of `of` consecutive tokens it revokes the one with the number `mine`. */
  readonly writes?: { readonly mine: number; readonly of: number }
  /** Its event loop is blocked now and then, each time for this long. */
  readonly stallMs?: number
  /** It is stopped (SIGSTOP) now and then, each time for this long. */
  readonly suspendMs?: number
}

interface Told {
  readonly count: { readonly checks: number; readonly stalls: number }
  readonly history: readonly Line[]
}

interface Running extends Peer {
  readonly child: Child
  suspensions: number
}

/** What an engine was seen to do, which proves that the run could have failed. */
export class Seen {
  /** Tokens that it called active after their revocation was acknowledged, which is right only within Δ. */
  near = 0
  /** Tokens that it called active first and revoked later. */
  turned = 0
  checks = 0
  stalls = 0
  suspensions = 0
}

interface Trial {
  readonly peers: readonly Peer[]
  /** Whether every engine has done enough. */
  readonly enough: (seen: (name: string) => Seen) => boolean
  /** The store is locked now and then, each time for this long. */
  readonly lockMs?: number
  readonly redis?: string
  /** A new store on a server for each round; without it there is a file. */
  readonly store?: () => string
  /** Troubles the store now and then, until all is over. */
  readonly trouble?: (isOver: () => boolean) => Promise<void>
}

/** Runs peers on one store and judges them, round after round, until every engine has done enough. */
export async function runTrial(title: string, trial: Trial): Promise<(name: string) => Seen> {
  const all = new Map(trial.peers.map(({ name }) => [name, new Seen()]))
  const seen = (name: string): Seen => all.get(name) ?? new Seen()
  let rounds = 0
  do {
    const told = await round(trial, seen)
    const history = [...told.values()].flatMap((one) => one.history)
    const stalenessOf = (engine: string): number =>
      trial.peers.find(({ name }) => name === engine)?.stalenessMs ?? 0
    expect(judge(history, stalenessOf)).toEqual([])
    count(told, history, seen)
  } while (!trial.enough(seen) && ++rounds < MAX_ROUNDS)
  expect(trial.enough(seen), JSON.stringify([...all])).toBe(true)
  const sum = (of: keyof Seen): number => [...all.values()].reduce((total, one) => total + one[of], 0)
  report(title, {
    checks: sum('checks'),
    stalls: sum('stalls'),
    suspensions: sum('suspensions'),
    violations: 0,
  })
  return seen
}

/** Runs the peers once. Resolves with what each of them wrote down. */
async function round(trial: Trial, seen: (name: string) => Seen): Promise<Map<string, Told>> {
  const folder = temporaryDirectory()
  const store = trial.store?.() ?? join(folder, 'store.db')
  const isOver = (): boolean => peers.every(({ child }) => child.over)
  const peers = trial.peers.map((peer, i) =>
    start(peer, { folder, store, redis: trial.redis, snapshot: i % 2 === 0 }),
  )
  await Promise.all(peers.map(({ child, ready }) => Promise.race([ready, child.ended])))
  const startAt = Number(process.hrtime.bigint()) / 1e6 + 50
  for (const { child } of peers) if (!child.over) child.process.send(startAt)
  await Promise.all([
    ...peers.map(({ child }) => child.ended),
    ...peers.map((peer) => suspendAgainAndAgain(peer)),
    lockAgainAndAgain(store, trial.lockMs ?? 0, isOver),
    trial.trouble?.(isOver),
  ])
  return new Map(
    peers.map(({ name, child, suspensions }) => {
      expect(child.complaints, name).toBe('')
      seen(name).suspensions += suspensions
      return [name, JSON.parse(readFileSync(join(folder, name), 'utf8')) as Told]
    }),
  )
}

interface Place {
  readonly folder: string
  readonly store: string
  readonly redis: string | undefined
  readonly snapshot: boolean
}

function start(peer: Peer, { folder, store, redis, snapshot }: Place): Running & { ready: Promise<void> } {
  const { name, stalenessMs, writes = null, stallMs = 0 } = peer
  const job = {
    name,
    periodMs: PERIOD_MS,
    tokens: Math.floor((SECONDS * 1000) / PERIOD_MS),
    writes,
    stallMs,
    seed: Math.floor(Math.random() * 2 ** 31),
    history: join(folder, name),
    options: { store, claims: ['sub'], maxStalenessMs: stalenessMs, snapshot, redis },
  }
  const child = new Child(new URL('children/peer.mjs', import.meta.url), [JSON.stringify(job)])
  const ready = new Promise<void>((resolve) => child.process.once('message', () => resolve()))
  return { ...peer, child, suspensions: 0, ready }
}

async function suspendAgainAndAgain(peer: Running): Promise<void> {
  const { child, suspendMs = 0 } = peer
  while (suspendMs > 0 && !child.over) {
    await sleep(250)
    child.suspend(true)
    await sleep(suspendMs)
    child.suspend(false)
    peer.suspensions++
  }
}

async function lockAgainAndAgain(store: string, lockMs: number, isOver: () => boolean): Promise<void> {
  while (lockMs > 0 && !isOver()) {
    await sleep(200)
    const db = new Database(store, { fileMustExist: true, timeout: 0 })
    while (!tryToLock(db) && !isOver()) await sleep(1)
    await sleep(lockMs)
    db.close()
  }
}

/** It must not wait, as whoever holds the lock may be stopped, and this process is the one to continue it. */
function tryToLock(db: Database.Database): boolean {
  try {
    db.exec('BEGIN IMMEDIATE')
    return true
  } catch (error) {
    if (error instanceof Database.SqliteError && error.code === 'SQLITE_BUSY') return false
    throw error
  }
}

function count(told: Map<string, Told>, history: readonly Line[], seen: (name: string) => Seen): void {
  const acknowledged = new Map(
    history.flatMap((line) => (line.op === 'revoke' ? [[line.token, line.end] as const] : [])),
  )
  for (const [name, { count, history: own }] of told) {
    const checks = own.filter((line) => line.op === 'check')
    const active = checks.filter(({ verdict }) => verdict === 'active')
    const revoked = new Set(checks.filter(({ verdict }) => verdict === 'revoked').map(({ token }) => token))
    const one = seen(name)
    one.checks += count.checks
    one.stalls += count.stalls
    one.near += active.filter(({ token, start }) => start > (acknowledged.get(token) ?? Infinity)).length
    one.turned += active.filter(({ token }) => revoked.has(token)).length
  }
}
