import { renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { RevocadeOptions, Stats } from 'revocade'
import { Callee } from '../../support/process.js'
import { temporaryDirectory } from '../../support/temp.js'
import { until } from '../../support/time.js'
import { type Disturbance, History, monotonicMs, type Round } from './history.js'
import type { Chance, PrefixRedis, Store } from './scene.js'

/** Tokens are changed for a second or two each, and checked for a minute: all of them every so often. */
const TOKENS = {
  ...{ perSlot: 8, slotMs: 250, shortLifeMs: 15_000 },
  sweepMs: process.env.REVOCADE_MATRIX_REPORT === undefined ? 250 : 20,
}
/** The options in which the peers differ. What one of them revokes holds for all. */
const PEERS: readonly Partial<RevocadeOptions>[] = [
  { maxStalenessMs: 80, clockToleranceSeconds: 10, prefilter: { kind: 'bloom' } },
  { maxStalenessMs: 300, clockToleranceSeconds: 20, prefilter: { kind: 'trie', prefixBits: 16 } },
  { maxStalenessMs: 0, clockToleranceSeconds: 10, prefilter: { kind: 'exact' }, snapshot: false },
  { maxStalenessMs: 150, clockToleranceSeconds: 40, cacheEntries: 16 },
]
/** A change across a network is rejected after at most twice the time for a write. */
const NETWORK = { readTimeoutMs: 1000, writeTimeoutMs: 1200 }
/** Δ is so many times as long across a network: on a busy machine a round trip takes long. */
const NETWORK_STALENESS = 5
/** Nothing takes longer to heal, in milliseconds, even beside a load of ten. */
const HEALED_MS = 300_000

interface Progress {
  readonly checks: number
  readonly changes: number
  /** Whether it says that the store is damaged. */
  readonly damaged: boolean
  /** Of its wall clock, before that of this machine. */
  readonly secondsAhead: number
  /** Checks that its prefilter decided. */
  readonly clear: number
}

/** A peer: its process, and how often it was started. */
interface Peer {
  process: Callee
  lives: number
  log: string
}

/** What the peers share. */
export interface Shared {
  readonly store: Store
  readonly redis: PrefixRedis
  readonly random: Chance
  /** The path of libfaketime. */
  readonly library: string
}

/** Four processes on one store, perhaps with one Redis. Each has a wall clock of its own. */
export class Peers {
  readonly #folder = temporaryDirectory()
  readonly #peers: Peer[] = []
  readonly #shared: Shared
  readonly #wallAtZero = Date.now() - monotonicMs()
  readonly #ahead: number[] = []
  readonly #history: History
  #rescue: (() => Promise<void>) | undefined
  #rescuedAt = 0
  #astray: { readonly astray?: number } = {}

  private constructor(shared: Shared) {
    this.#shared = shared
    this.#history = new History(
      (engine) => this.#stalenessOf(Number(engine.split('.')[0])),
      shared.store.kind !== 'sqlite',
    )
  }

  static async start(shared: Shared): Promise<Peers> {
    const all = new Peers(shared)
    for (let me = 0; me < PEERS.length; me++) {
      all.setClock(me, 0)
      all.#peers.push(all.#spawn(me, 1))
    }
    await Promise.all(all.#peers.map(({ process: { up } }) => up))
    return all
  }

  #stalenessOf(me: number): number {
    return (PEERS[me]?.maxStalenessMs ?? 0) * (this.#shared.store.kind === 'sqlite' ? 1 : NETWORK_STALENESS)
  }

  get size(): number {
    return this.#peers.length
  }

  readonly stop = async (): Promise<void> => {
    await Promise.all(this.#peers.map((peer) => peer.process.kill()))
  }

  peer(me: number): Callee {
    const peer = this.#peers[me]
    if (peer === undefined) throw new RangeError(`there is no peer ${me}`)
    return peer.process
  }

  /** Ends a peer as a shutdown does. */
  async end(me: number): Promise<void> {
    const peer = this.peer(me)
    await peer.call('rest')
    await peer.call('close')
    await peer.kill()
  }

  /** Resolves once every peer sees the time that its clock was set to. The library looks once a second. */
  async clocksSet(): Promise<void> {
    await until('every peer has seen its clock set', async () =>
      (await this.progress()).every(
        ({ secondsAhead }, me) => Math.abs(secondsAhead - (this.#ahead[me] ?? 0)) < 1,
      ),
    )
  }

  /** Sets a peer's wall clock so many seconds ahead of this machine's; astray: too far to judge expiries. */
  setClock(me: number, secondsAhead: number, { astray = false } = {}): void {
    if (astray) this.#astray = { astray: me }
    this.#ahead[me] = secondsAhead
    const file = this.#clockOf(me)
    writeFileSync(`${file}.new`, `${secondsAhead < 0 ? '' : '+'}${secondsAhead}\n`)
    renameSync(`${file}.new`, file)
  }

  #clockOf(me: number): string {
    return join(this.#folder, `clock-${me}`)
  }

  /** Starts a peer that has ended. */
  async restart(me: number): Promise<void> {
    const peer = this.#peers[me]
    if (peer === undefined) throw new RangeError(`there is no peer ${me}`)
    await peer.process.ended
    this.#history.read(peer.log)
    this.#peers[me] = this.#spawn(me, peer.lives + 1)
    await this.#peers[me].process.up
  }

  #spawn(me: number, lives: number): Peer {
    const { store, redis, random, library } = this.#shared
    const name = `${me}.${lives}`
    const log = join(this.#folder, `log-${name}`)
    const job = {
      name,
      log,
      tokens: TOKENS,
      wallAtZero: this.#wallAtZero,
      seed: random.below(2 ** 31),
      store: { kind: store.kind, location: store.location, network: NETWORK },
      options: {
        ...PEERS[me],
        maxStalenessMs: this.#stalenessOf(me),
        claims: ['sub'],
        // One of them goes without.
        ...(me === 3 || redis.url === undefined
          ? {}
          : { redis: { url: redis.url, reads: me === 1 ? 'when-store-fails' : 'before-store' } }),
      },
    }
    const process = new Callee(
      new URL('../children/matrix-peer.mjs', import.meta.url),
      [JSON.stringify(job)],
      {
        LD_PRELOAD: library,
        FAKETIME_TIMESTAMP_FILE: this.#clockOf(me),
        FAKETIME_CACHE_DURATION: '1',
        // Older and newer name.
        DONT_FAKE_MONOTONIC: '1',
        FAKETIME_DONT_FAKE_MONOTONIC: '1',
      },
    )
    return { process, lives, log }
  }

  progress(): Promise<Progress[]> {
    return Promise.all(this.#peers.map(({ process }) => process.call('progress') as Promise<Progress>))
  }

  /**
   * Until every peer has had a change acknowledged that began after this call, and answers from its
   * prefilter. A store that a peer calls damaged is replaced by the copy that was saved last, as its operator
   * would.
   */
  async healed(): Promise<void> {
    let before = await this.progress()
    // Eight changes are under way at most, so one more began later.
    await until(
      'every peer revokes and is trusted again',
      async () => {
        const now = await this.progress()
        if (now.some(({ damaged }) => damaged) && this.#rescue !== undefined) {
          await this.#rescue()
          this.#rescuedAt = monotonicMs()
          before = now
          await sleep(1000)
        }
        return now.every((one, me) => worksAgain(one, before[me], this.#stalenessOf(me)))
      },
      HEALED_MS,
    )
  }

  /** @param rescue Puts a copy in place of the store, for the case that it gets damaged. */
  saved(rescue: () => Promise<void>): void {
    this.#rescue = rescue
  }

  /** Lets the peers work while something is done to them and until they have recovered. Judges them. */
  async round(disturb: () => Promise<Omit<Disturbance, 'astray'>>): Promise<Round> {
    this.#astray = {}
    await Promise.all(this.#peers.map(({ process }) => process.call('work')))
    await this.healed()
    const disturbance = await disturb()
    const swept = await Promise.all(this.#peers.map(({ process }) => process.call('rest') as Promise<number>))
    for (const { log } of this.#peers) this.#history.read(log)
    const round = this.#history.judge({ ...disturbance, ...this.#astray }, this.#rescuedAt)
    return { ...round, checks: swept.reduce((sum, count) => sum + count, round.checks) }
  }

  /** What the engines said, and their counts. */
  said(): Promise<{ said: string[]; stats: Stats }[]> {
    return Promise.all(
      this.#peers.map(({ process }) => process.call('said') as Promise<{ said: string[]; stats: Stats }>),
    )
  }
}

/** With Δ = 0 across a network each check asks the store. */
function worksAgain(now: Progress, before: Progress | undefined, staleness: number): boolean {
  const { changes = 0, checks = 0, clear = 0 } = before ?? {}
  return (now.clear > clear || staleness === 0) && now.changes > changes + 8 && now.checks > checks + 100
}
