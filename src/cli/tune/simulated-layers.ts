import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Poll, Position, RevocationStore, StoredRow } from '../../ports/index.js'
import type { PrefixCache, PrefixReply } from '../../ports/prefix-cache.js'

/** Times that the simulated layers behind the prefilter take, in nanoseconds. */
export interface StandInTimes {
  readonly storeReadNs: number
  /** Undefined: no Redis. */
  readonly redisRttNs: number | undefined
  /** Of lookups in Redis, the share that proves nothing. */
  readonly unprovenShare: number
}

export const POSITION: Position = { seq: 1, epoch: 'synthetic' }
/** Past the end of any run. NumericDate seconds. */
const EXPIRES_AT = 4_000_000_000
const ROW: StoredRow = {
  seq: 1,
  target: { kind: 'id', claim: 'jti', id: 'synthetic' },
  revoked: true,
  expiresAt: EXPIRES_AT,
  revokedAt: 0,
}
/** The end of a wait for Redis is spent looking at the clock: a turn of the event loop takes about so long. */
const SPIN_BELOW_NS = 20_000

/** A store and a Redis that hold nothing, answer what they are told to, and take as long as real ones would. */
export class StandIns {
  /** What they say of the tokens that are checked from now on. */
  revoked = false
  /** Answer at once: while the cache is filled. */
  instant = false
  storeReads = 0
  readonly #times: StandInTimes

  constructor(times: StandInTimes) {
    this.#times = times
  }

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

  /** Undefined where there is no Redis. */
  prefixCache(): PrefixCache | undefined {
    const { redisRttNs, unprovenShare } = this.#times
    if (redisRttNs === undefined) return undefined
    const ask = async (): Promise<PrefixReply> => {
      if (!this.instant) await wait(redisRttNs)
      return { bucket: 0, bits: 0, version: null, entry: this.revoked ? { expiresAt: EXPIRES_AT } : null }
    }
    let doubt = 0
    // Evenly spread where drawing lots would be as good: so each run is the same.
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

/** The event loop turns meanwhile, as it does while one waits for a server: timers know milliseconds only. */
async function wait(ns: number): Promise<void> {
  const until = process.hrtime.bigint() + BigInt(Math.round(ns))
  while (process.hrtime.bigint() + BigInt(SPIN_BELOW_NS) < until) await nextTurn()
  while (process.hrtime.bigint() < until);
}

function spin(ns: number): void {
  // As dear as the clock itself.
  if (ns < 100) return
  const until = process.hrtime.bigint() + BigInt(Math.round(ns))
  while (process.hrtime.bigint() < until);
}
