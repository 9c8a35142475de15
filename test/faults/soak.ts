import { copyFileSync, realpathSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import Database from 'better-sqlite3'
import type { RevocadeOptions, Stats } from 'revocade'
import { Callee } from '../support/process.js'
import type { RedisServer } from '../support/redis/server.js'
import { temporaryDirectory } from '../support/temp.js'
import { until } from '../support/time.js'
import { type Disturbance, monotonicMs, type Round, SoakHistory } from './soak-history.js'

/** Tokens are changed for a second or two each, and checked for a minute. */
const TOKENS = { perSlot: 8, slotMs: 250, shortLifeMs: 15_000 }
/** The options in which the peers differ. What one of them revokes holds for all. */
const PEERS: readonly Partial<RevocadeOptions>[] = [
  { maxStalenessMs: 80, clockToleranceSeconds: 10, prefilter: { kind: 'bloom' } },
  { maxStalenessMs: 300, clockToleranceSeconds: 20, prefilter: { kind: 'trie', prefixBits: 16 } },
  { maxStalenessMs: 0, clockToleranceSeconds: 10, prefilter: { kind: 'exact' }, snapshot: false },
  { maxStalenessMs: 150, clockToleranceSeconds: 40, cacheEntries: 16 },
]

interface Progress {
  readonly checks: number
  readonly unknown: number
  readonly changes: number
  readonly failed: number
  /** Whether it says that the store is damaged. */
  readonly damaged: boolean
  /** Of its wall clock, before that of this machine. */
  readonly secondsAhead: number
  /** Whether its prefilter answers. */
  readonly trusted: boolean
}

/** A peer: its process, and how often it was started. */
interface Peer {
  process: Callee
  lives: number
  log: string
}

/**
 * Four processes on one store, reached by a symbolic link, with one Redis. Each has a wall clock of its own.
 */
export class Soak {
  readonly folder = temporaryDirectory()
  /** The path that the peers are given. */
  readonly store = join(this.folder, 'store.db')
  readonly #peers: Peer[] = []
  readonly #redis: RedisServer
  readonly #library: string
  readonly #wallAtZero = Date.now() - monotonicMs()
  readonly #ahead: number[] = []
  readonly #history = new SoakHistory((engine) => PEERS[Number(engine.split('.')[0])]?.maxStalenessMs ?? 0)

  private constructor(redis: RedisServer, library: string) {
    this.#redis = redis
    this.#library = library
  }

  /** @param library The path of libfaketime. */
  static async start(redis: RedisServer, library: string): Promise<Soak> {
    const soak = new Soak(redis, library)
    const file = join(soak.folder, 'first.db')
    new Database(file).close()
    symlinkSync(file, soak.store)
    for (let me = 0; me < PEERS.length; me++) {
      soak.setClock(me, 0)
      soak.#peers.push(soak.#spawn(me, 1))
    }
    await Promise.all(soak.#peers.map(({ process: { up } }) => up))
    return soak
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

  /** Resolves once every peer sees the time that its clock was set to. The library looks once a second. */
  async clocksSet(): Promise<void> {
    await until('every peer has seen its clock set', async () =>
      (await this.progress()).every(
        ({ secondsAhead }, me) => Math.abs(secondsAhead - (this.#ahead[me] ?? 0)) < 1,
      ),
    )
  }

  /** Sets a peer's wall clock so many seconds ahead of this machine's. */
  setClock(me: number, secondsAhead: number): void {
    this.#ahead[me] = secondsAhead
    const file = this.#clockOf(me)
    writeFileSync(`${file}.new`, `${secondsAhead < 0 ? '' : '+'}${secondsAhead}\n`)
    renameSync(`${file}.new`, file)
  }

  #clockOf(me: number): string {
    return join(this.folder, `clock-${me}`)
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
    const name = nameOf(me, lives)
    const log = join(this.folder, `log-${name}`)
    const job = {
      name,
      log,
      tokens: TOKENS,
      wallAtZero: this.#wallAtZero,
      seed: Math.floor(Math.random() * 2 ** 31),
      options: {
        ...PEERS[me],
        store: this.store,
        claims: ['sub'],
        // One of them goes without.
        ...(me === 3
          ? {}
          : { redis: { url: this.#redis.url, reads: me === 1 ? 'when-store-fails' : 'before-store' } }),
      },
    }
    const process = new Callee(new URL('children/soak-peer.mjs', import.meta.url), [JSON.stringify(job)], {
      LD_PRELOAD: this.#library,
      FAKETIME_TIMESTAMP_FILE: this.#clockOf(me),
      FAKETIME_CACHE_DURATION: '1',
      // Older and newer name.
      DONT_FAKE_MONOTONIC: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    })
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
    await until('every peer revokes and is trusted again', async () => {
      const now = await this.progress()
      if (now.some(({ damaged }) => damaged) && this.#saved !== undefined) {
        copyFileSync(this.#saved, `${this.#saved}.again`)
        renameSync(`${this.#saved}.again`, realpathSync(this.store))
        this.#rescuedAt = monotonicMs()
        before = now
        await sleep(1000)
      }
      return now.every(
        (one, me) =>
          one.trusted &&
          one.changes > (before[me]?.changes ?? 0) + 8 &&
          one.checks > (before[me]?.checks ?? 0) + 100,
      )
    })
  }

  /** A consistent copy of the store as it is, beside it. */
  async backup(): Promise<string> {
    const copy = join(this.folder, `copy-${++this.#copies}.db`)
    const database = new Database(realpathSync(this.store), { readonly: true, timeout: 10_000 })
    await database.backup(copy)
    database.close()
    return copy
  }

  /** Saves a copy for the case that the store gets damaged. */
  async save(): Promise<void> {
    this.#saved = await this.backup()
  }

  /** Lets the peers work while something is done to them and until they have recovered. Judges them. */
  async round(fault: () => Promise<Disturbance>): Promise<Round> {
    await Promise.all(this.#peers.map(({ process }) => process.call('work')))
    await this.healed()
    const disturbance = await fault()
    await Promise.all(this.#peers.map(({ process }) => process.call('rest')))
    for (const { log } of this.#peers) this.#history.read(log)
    return this.#history.judge(disturbance, this.#rescuedAt)
  }

  /** What the engines said, and their counts. */
  said(): Promise<{ said: string[]; stats: Stats }[]> {
    return Promise.all(
      this.#peers.map(({ process }) => process.call('said') as Promise<{ said: string[]; stats: Stats }>),
    )
  }

  #saved: string | undefined
  #rescuedAt = 0
  #copies = 0
}

const nameOf = (me: number, lives: number): string => `${me}.${lives}`
