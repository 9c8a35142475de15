import { readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import Database from 'better-sqlite3'
import type { Revocade, RevocadeOptions, Token, TokenClaims } from 'revocade'
import { describe, expect, it } from 'vitest'
import { open, verdict } from '../support/engine.js'
import { Child } from '../support/process.js'
import { report, scaled } from '../support/scale.js'
import { temporaryDirectory } from '../support/temp.js'
import { TOMORROW, until } from '../support/time.js'
import { Host } from './host.js'
import { Ledger } from './ledger.js'

// Promise 1. A writer logs what it is about to do and what was acknowledged, and is killed (SIGKILL) at a
// random moment: while it starts, commits, closes or writes its snapshot. What it acknowledged must stand,
// for an engine that starts from the files it left and for two engines that ran all the time.
//
// This can't show that a commit reaches the disk: the page cache survives a killed process, so
// synchronous=OFF would pass, too. The tests of the store read back from the connection that FULL is set.

const CYCLES = scaled(12)
/** Cycles with one store. A new store keeps a long run from verifying the same changes over and over. */
const CYCLES_PER_STORE = 50
const STALENESS_MS = 200
/** Bytes of a writer's log, about 800 changes: it is killed before the log is longer. */
const MAX_LOG_BYTES = 60_000

const below = (n: number): number => Math.floor(Math.random() * n)

/** A token that a target of the ledger decides about: `t:<jti>`, `s:<sub>`. */
function tokenOf(target: string): Token {
  const name = target.slice(2)
  if (target.startsWith('t')) return { jti: name, exp: TOMORROW }
  const claims: TokenClaims = { jti: `of ${name}`, sub: name, iat: TOMORROW - 1_000_000, exp: TOMORROW }
  return claims
}

/** Integrity, and the numbers of all changes that stand. */
function inspect(path: string): { integrity: unknown; present: Set<number>; head: number } {
  const db = new Database(path, { readonly: true })
  try {
    const integrity = db.pragma('integrity_check', { simple: true })
    const present = new Set(db.prepare('SELECT seq FROM revocations').pluck().all() as number[])
    return { integrity, present, head: Number(db.prepare('SELECT seq FROM head').pluck().get()) }
  } finally {
    db.close()
  }
}

/** A store, what was said about it, and the processes that watch it. */
class Trial {
  readonly ledger = new Ledger()
  readonly options: RevocadeOptions & { readonly store: string }
  readonly checkers: { readonly stalenessMs: number; host: Host | undefined }[] = [
    { stalenessMs: STALENESS_MS, host: undefined },
    { stalenessMs: 0, host: undefined },
  ]
  readonly #folder = temporaryDirectory()

  constructor(expectedRevocations: number) {
    // The larger the filter, the longer the time in which a snapshot is half written.
    const prefilter = { kind: 'bloom', expectedRevocations } as const
    this.options = { store: join(this.#folder, 'store.db'), claims: ['sub'], prefilter }
  }

  /** Lets a writer work and kills it. Resolves with what it left in its log. */
  async crash(cycle: number): Promise<ReturnType<Ledger['absorb']> & { readonly killedAt: number }> {
    const log = join(this.#folder, `log-${cycle}`)
    const old = [...this.ledger.standing.keys()].slice(-40)
    const reopen = Math.random() < 0.4
    const job = {
      options: { ...this.options, maxStalenessMs: 100 },
      log,
      run: cycle,
      seed: below(2 ** 31),
      lanes: 1 + below(12),
      reopen,
      old,
    }
    const writer = new Child(new URL('children/kill-writer.mjs', import.meta.url), [JSON.stringify(job)])
    if (Math.random() < 0.75) {
      const size = below(MAX_LOG_BYTES)
      await until(
        'the writer has done as much as this cycle lets it',
        () => writer.over || (statSync(log, { throwIfNoEntry: false })?.size ?? 0) > size,
      )
    } else {
      await sleep(below(200))
    }
    await writer.kill()
    expect(writer.complaints).toBe('')
    const killedAt = performance.now()
    const left = this.ledger.absorb(log)
    rmSync(log, { force: true })
    return { ...left, killedAt }
  }

  /** The engines that were there all the time; from time to time one of them is killed too. */
  async watch(): Promise<void> {
    for (const checker of this.checkers) {
      if (checker.host !== undefined && Math.random() < 0.15) {
        await checker.host.kill()
        checker.host = undefined
      }
      checker.host ??= await Host.open({ ...this.options, maxStalenessMs: checker.stalenessMs })
    }
  }

  /** What the engines that were there all the time say: with Δ = 0 at once, the other one once Δ is over. */
  async askCheckers(targets: readonly string[], killedAt: number): Promise<Map<string, readonly string[]>> {
    const byChecker = new Map<string, readonly string[]>()
    for (const { host, stalenessMs } of this.checkers.toReversed()) {
      await sleep(stalenessMs - (performance.now() - killedAt))
      if (host !== undefined) byChecker.set(`Δ = ${stalenessMs}`, await host.verdicts(targets.map(tokenOf)))
    }
    return byChecker
  }

  /** Leftovers of snapshots that were being written. */
  halfWritten(): string[] {
    return readdirSync(this.#folder).filter((name) => /^store\.db-l0-[0-9a-f]+\../.test(name))
  }

  async end(): Promise<void> {
    for (const { host } of this.checkers) await host?.kill()
  }
}

interface Verdicts {
  readonly targets: readonly string[]
  readonly fresh: Revocade
  readonly byChecker: ReadonlyMap<string, readonly string[]>
}

/** What engines say against the ledger. What it did not know stays as the fresh engine found it. */
async function wrongVerdicts(ledger: Ledger, { targets, fresh, byChecker }: Verdicts): Promise<string[]> {
  const wrong: string[] = []
  for (const [i, target] of targets.entries()) {
    const found = await verdict(fresh, tokenOf(target))
    const must = ledger.states.get(target)
    if (must === undefined) ledger.states.set(target, found === 'revoked') // and so it stays
    const expected = ledger.states.get(target) === true ? 'revoked' : 'active'
    if (found !== expected) wrong.push(`${target}: ${found} for a fresh engine, not ${expected}`)
    for (const [name, verdicts] of byChecker) {
      if (verdicts[i] !== expected)
        wrong.push(`${target}: ${verdicts[i] ?? ''} for the checker with ${name}, not ${expected}`)
    }
  }
  return wrong
}

/** The groups of changes, never acknowledged, of which some were committed and some were not. */
function commitsInPart(ledger: Ledger, unanswered: ReturnType<Ledger['absorb']>['unanswered']): string[] {
  return unanswered
    .filter((keys) => new Set(keys.map((key) => ledger.states.get(key))).size !== 1)
    .map((keys) => `${keys[0] ?? ''} …: a group of ${keys.length} was committed in part`)
}

describe('a writer killed at any moment', () => {
  it(
    `loses nothing that it acknowledged, in ${CYCLES} cycles`,
    async () => {
      const total = {
        cycles: 0,
        opened: 0,
        acknowledged: 0,
        unanswered: 0,
        checked: 0,
        fromSnapshot: 0,
        halfWritten: 0,
        killedAtOpening: 0,
      }
      let trial: Trial | undefined
      for (let cycle = 0; cycle < CYCLES; cycle++) {
        trial ??= new Trial(below(2) === 0 ? 10_000 : 600_000)
        const { ledger, options } = trial
        await trial.watch()
        const { touched, unanswered, killedAt } = await trial.crash(cycle)
        total.unanswered += unanswered.length
        total.halfWritten += trial.halfWritten().length
        if (touched.size === 0) total.killedAtOpening++

        const last = cycle === CYCLES - 1 || (cycle + 1) % CYCLES_PER_STORE === 0
        const known = [...ledger.states.keys()]
        const older = last ? known : known.slice(below(1 + known.length)).slice(0, 200)
        const targets = [...new Set([...touched, ...older])]

        const byChecker = await trial.askCheckers(targets, killedAt)
        const fresh = await open({ ...options, maxStalenessMs: 60_000 })
        if (fresh.stats().prefilter.rebuilds === 0) total.fromSnapshot++
        const wrong = await wrongVerdicts(ledger, { targets, fresh, byChecker })
        await fresh.close()
        const { integrity, present, head } = inspect(options.store)
        wrong.push(...commitsInPart(ledger, unanswered), ...ledger.gaps(present, head))
        expect({ wrong, integrity, failures: ledger.failures, duplicates: ledger.duplicates }).toEqual({
          wrong: [],
          integrity: 'ok',
          failures: [],
          duplicates: [],
        })

        total.cycles++
        total.checked += targets.length * 3
        if (last) {
          total.acknowledged += ledger.acknowledged.size
          total.opened += ledger.opened
          await trial.end()
          trial = undefined
        }
      }
      report('a writer killed at random moments', { ...total, violations: 0 })
      // The loop is of no use if the kills come too early or too late.
      expect(total.acknowledged).toBeGreaterThan(CYCLES * 20)
      expect(total.fromSnapshot).toBeGreaterThan(CYCLES / 2)
    },
    600_000 + CYCLES * 5000,
  )
})
