import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Poll, Position, RevocationStore, StoredRow } from '../../ports/index.js'
import type { PrefixCache, PrefixReply } from '../../ports/prefix-cache.js'

/** Times that the simulated layers behind the prefilter take, in nanoseconds. */
export interface SimulatedTimes {
  readonly storeReadNs: number
  /** Undefined: no Redis. */
  readonly redisRttNs: number | undefined
  /** Share of lookups in Redis that prove nothing, because the bucket's version is not current. */
  readonly unprovenShare: number
}

/** The position of the simulated store. */
export const POSITION: Position = { seq: 1, epoch: 'synthetic' }
/** NumericDate seconds, past the end of any run. */
const EXPIRES_AT = 4_000_000_000
const ROW: StoredRow = {
  seq: 1,
  target: { kind: 'id', claim: 'jti', id: 'synthetic' },
  revoked: true,
  expiresAt: EXPIRES_AT,
  revokedAt: 0,
}
/**
 * Nanoseconds at the end of a wait for Redis that are spent reading the clock: about a turn of the event
 * loop.
 */
const SPIN_BELOW_NS = 20_000

/** A store and a prefix cache that hold nothing, answer as told, and take as long as told. */
export class SimulatedLayers {
  /** What they answer from now on. */
  revoked = false
  /** They answer at once, while the verdict cache is filled. */
  instant = false
  storeReads = 0
  readonly #times: SimulatedTimes

  constructor(times: SimulatedTimes) {
    this.#times = times
  }

  /** The store. */
  store(): RevocationStore {
    const poll: Poll = { status: 'ok', changes: [], position: POSITION, more: false }
    return {
      kind: 'synthetic',
      open: notAsked,
      scan: notAsked,
      write: notAsked,
      list: notAsked,
      get: () => {
        this.storeReads++
        if (!this.instant) spin(this.#times.storeReadNs)
        return this.revoked ? ROW : undefined
      },
      poll: () => poll,
      stats: () => ({ kind: 'synthetic', id: 'synthetic', seq: 1 }),
      close: () => Promise.resolve(),
    }
  }

  /** The prefix cache; undefined without Redis. */
  prefixCache(): PrefixCache | undefined {
    const { redisRttNs, unprovenShare } = this.#times
    if (redisRttNs === undefined) return undefined
    const ask = async (): Promise<PrefixReply> => {
      if (!this.instant) await wait(redisRttNs)
      return { bucket: 0, bits: 0, version: null, entry: this.revoked ? { expiresAt: EXPIRES_AT } : null }
    }
    let doubt = 0
    // Evenly spread instead of random, so that each run is the same.
    const isCurrent = (): boolean => {
      doubt += unprovenShare
      if (doubt < 1) return true
      doubt--
      return false
    }
    return {
      lookup: ask,
      isCurrent,
      repair: () => undefined,
      write: () => Promise.resolve('written'),
      stats: notAsked,
      close: () => Promise.resolve(),
    }
  }
}

function notAsked(): never {
  throw new Error('not part of a check')
}

/** Waits while the event loop turns, as during a request. Timers are too coarse: they count milliseconds. */
async function wait(ns: number): Promise<void> {
  const until = process.hrtime.bigint() + BigInt(Math.round(ns))
  while (process.hrtime.bigint() + BigInt(SPIN_BELOW_NS) < until) await nextTurn()
  while (process.hrtime.bigint() < until);
}

function spin(ns: number): void {
  // Reading the clock takes about as long.
  if (ns < 100) return
  const until = process.hrtime.bigint() + BigInt(Math.round(ns))
  while (process.hrtime.bigint() < until);
}
