import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Stats } from 'revocade'
import { expect } from 'vitest'
import { open } from '../support/engine.js'
import { Callee } from '../support/process.js'
import { temporaryDirectory } from '../support/temp.js'
import { TOMORROW, until } from '../support/time.js'
import { type Change, Judge, type Line, miscounted } from './history.js'
import { amissInRedis } from './redis-content.js'

/** Δ of all peers. */
export const STALENESS_MS = 80
/** Time between the changes of two tokens. */
const PERIOD_MS = 8
/** Time between a change and the change that undoes it: enough to see the first one. */
const HOLD_MS = STALENESS_MS * 2.5
/** Tokens that nobody ever revokes: `t-1`, `t-2`, … */
export const BYSTANDERS = 400
/** Rounds until `endure` gives up: far more than the slowest machine needs. */
const MAX_ROUNDS = 50
/**
 * Tokens revoked from the start. They fill the prefilter's short prefixes, so that each check needs a lookup.
 */
const OLD = 1500

export const SECRET = 'a secret of all fleets'

/** Checks by what decided them. */
type Decided = Stats['decided']

/** What one or all peers were told. */
export interface Told {
  readonly checks: number
  /** Checks that nothing decided, and changes that failed. */
  readonly failed: number
  readonly decided: Decided
  /** Promises that were broken, each with the line that breaks it. */
  readonly wrong: readonly string[]
  /** Tokens called active after another engine acknowledged their revocation: allowed only within Δ. */
  readonly near: number
  /** Tokens called active, and revoked. */
  readonly turned: number
  /** What the engines said to their loggers. */
  readonly said: readonly (readonly [level: string, text: string])[]
}

interface Answer {
  readonly count: {
    readonly checks: number
    readonly failed: number
    readonly unknown: number
    readonly changes: number
    readonly decided: Decided
  }
  readonly said: readonly (readonly [string, string])[]
  readonly stats: Stats
}

/** Several processes, each with an engine, on one store and one Redis: see children/redis-peer.mjs. */
export class Fleet {
  readonly store: string
  readonly #folder: string
  readonly #peers: Callee[] = []
  readonly #judge = new Judge(() => STALENESS_MS)
  readonly #changes: Change[] = []
  readonly #policy = new Map<string, number>()
  #slot = 0
  #begun = 0

  private constructor(folder: string) {
    this.#folder = folder
    this.store = join(folder, 'store.db')
  }

  /**
   * @param url Of their Redis; another for whoever fills it first, where theirs leads through a proxy.
   */
  static async start({
    url,
    directUrl = url,
    size = 3,
  }: {
    readonly url: string
    readonly directUrl?: string
    readonly size?: number
  }): Promise<Fleet> {
    const fleet = new Fleet(temporaryDirectory())
    await using first = await open({ store: fleet.store, secret: SECRET, redis: directUrl })
    await first.revokeMany(Array.from({ length: OLD }, (_, i) => ({ jti: `old${i}`, expiresAt: TOMORROW })))
    await until('Redis is filled', () => first.stats().redis?.complete === true)
    for (let me = 0; me < size; me++) {
      const job = {
        name: `peer ${me}`,
        me,
        of: size,
        periodMs: PERIOD_MS,
        holdMs: HOLD_MS,
        bystanders: BYSTANDERS,
        seed: Math.floor(Math.random() * 2 ** 31),
        options: {
          store: fleet.store,
          secret: SECRET,
          redis: url,
          claims: ['sub'],
          maxStalenessMs: STALENESS_MS,
          prefilter: { kind: 'trie', prefixBits: 8 },
          // One has a cache that is soon full, the others none: they ask Redis each time.
          cacheEntries: me === 0 ? 64 : 0,
          snapshot: me % 2 === 0,
        },
      }
      fleet.#peers.push(
        new Callee(new URL('children/redis-peer.mjs', import.meta.url), [JSON.stringify(job)]),
      )
    }
    await Promise.all(fleet.#peers.map(({ up }) => up))
    return fleet
  }

  readonly stop = async (): Promise<void> => {
    await Promise.all(this.#peers.map((peer) => peer.kill()))
  }

  stats(): Promise<Stats[]> {
    return this.#all('stats') as Promise<Stats[]>
  }

  /**
   * Runs all peers while something is done to Redis, and until Redis decides lookups of each peer again.
   * Then all stop, and are judged. This repeats until the peers have done enough, or something is wrong.
   */
  async endure(fault: () => Promise<unknown>, enough: (sum: Told) => boolean): Promise<Told> {
    let sum = await this.#round(fault)
    for (let rounds = 1; rounds < MAX_ROUNDS && isRight(sum) && !enough(sum); rounds++)
      sum = add(sum, await this.#round(fault))
    return sum
  }

  async #round(fault: () => Promise<unknown>): Promise<Told> {
    await this.#work()
    await fault()
    await this.#healed()
    await this.#all('rest')
    // What was begun is undone at the latest by then.
    await sleep(HOLD_MS * 2)
    await this.complete()
    return this.#tell()
  }

  /** Until every engine says that all of Redis is as it should be. */
  async complete(): Promise<void> {
    await until('all of Redis is as it should be', async () =>
      (await this.stats()).every(({ redis }) => redis?.complete === true),
    )
  }

  /** Buckets of which Redis does not hold what the store has. */
  amiss(directUrl: string): Promise<string[]> {
    return amissInRedis(this.store, SECRET, directUrl)
  }

  async #work(): Promise<void> {
    const at = Number(process.hrtime.bigint()) / 1e6
    // Tokens that had their turn don't get another.
    if (this.#begun > 0) this.#slot += Math.ceil((at - this.#begun) / PERIOD_MS) + 1
    this.#begun = at
    await this.#all('work', { at, first: this.#slot })
  }

  async #healed(): Promise<void> {
    const proven = (all: Stats[]): number[] => all.map(({ redis }) => redis?.proven ?? 0)
    const before = proven(await this.stats())
    await until('Redis decides again', async () =>
      proven(await this.stats()).every((count, i) => count > (before[i] ?? 0) + 100),
    )
  }

  async #tell(): Promise<Told> {
    const answers = await Promise.all(
      this.#peers.map(async (peer, i) => {
        const path = join(this.#folder, `history-${i}`)
        const answer = (await peer.call('tell', { path })) as Answer
        expect(peer.complaints).toBe('')
        return { ...answer, name: `peer ${i}`, history: JSON.parse(readFileSync(path, 'utf8')) as Line[] }
      }),
    )
    const history = answers.flatMap((one) => one.history)
    const checks = history.filter((line) => line.op === 'check')
    this.#judge.learn(history)
    this.#changes.push(
      ...history.filter((line) => line.op !== 'check' && line.op !== 'open' && line.op !== 'outage'),
    )
    const wrong = checks.flatMap((line) => this.#judge.brokenPromise(line) ?? [])
    for (const { name, count, stats } of answers) {
      const counted = stats.decided.policy - (this.#policy.get(name) ?? 0)
      this.#policy.set(name, stats.decided.policy)
      wrong.push(...[miscounted(name, count.unknown, counted)].filter((line) => line !== undefined))
    }
    const sum = (of: (answer: Answer) => number): number =>
      answers.reduce((total, answer) => total + of(answer), 0)
    const acknowledged = new Map(
      this.#changes.flatMap((line) => (line.op === 'revoke' ? [[line.token, line.end] as const] : [])),
    )
    const revoked = new Set(checks.filter(({ verdict }) => verdict === 'revoked').map(({ token }) => token))
    return {
      checks: sum(({ count }) => count.checks),
      failed: sum(({ count }) => count.failed + count.unknown),
      decided: {
        prefilter: sum(({ count }) => count.decided.prefilter),
        cache: sum(({ count }) => count.decided.cache),
        redis: sum(({ count }) => count.decided.redis),
        store: sum(({ count }) => count.decided.store),
        policy: sum(({ count }) => count.decided.policy),
      },
      wrong,
      near: checks.filter(
        ({ verdict, token, start }) => verdict === 'active' && start > (acknowledged.get(token) ?? Infinity),
      ).length,
      turned: new Set(
        checks
          .filter(({ verdict, token }) => verdict === 'active' && revoked.has(token))
          .map(({ token }) => token),
      ).size,
      said: answers.flatMap(({ said }) => said),
    }
  }

  #all(what: string, args: object = {}): Promise<unknown[]> {
    return Promise.all(this.#peers.map((peer) => peer.call(what, args)))
  }
}

const isRight = ({ wrong, failed }: Told): boolean => wrong.length === 0 && failed === 0

function add(a: Told, b: Told): Told {
  return {
    checks: a.checks + b.checks,
    failed: a.failed + b.failed,
    decided: {
      prefilter: a.decided.prefilter + b.decided.prefilter,
      cache: a.decided.cache + b.decided.cache,
      redis: a.decided.redis + b.decided.redis,
      store: a.decided.store + b.decided.store,
      policy: a.decided.policy + b.decided.policy,
    },
    wrong: [...a.wrong, ...b.wrong],
    near: a.near + b.near,
    turned: a.turned + b.turned,
    said: [...a.said, ...b.said],
  }
}
