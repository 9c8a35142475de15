import { BloomPrefilter } from '#dist/prefilter/bloom.js'
import { TokenDigester } from '#dist/token/identify.js'
import type { Workload } from '../harness/measure.js'
import type { Random } from '../inputs/random.js'
import { OnClaims, TOLERATED } from './engine-workloads.js'

/** What a check is made of, each by itself. */

/** Later than any run ends, by the clock that leases go by. */
const later = (): bigint => process.hrtime.bigint() + 3_600_000_000_000n

export class BareDigest extends OnClaims {
  readonly name: string = 'digest'
  override readonly tolerated = 1e-6
  protected readonly digester: TokenDigester

  constructor(random: Random, digester: TokenDigester) {
    super(random)
    this.digester = digester
  }

  run(count: number): number {
    const { claims, digester } = this
    let done = 0
    for (let i = 0; i < count; i++) if (digester.token(claims[i])[3] !== 0) done++
    return done
  }
}

export class BareClock implements Workload {
  readonly name = 'clock'
  #until = 0n

  prepare(): void {
    this.#until = later()
  }

  run(count: number): number {
    const until = this.#until
    let before = 0
    for (let i = 0; i < count; i++) if (process.hrtime.bigint() < until) before++
    return before
  }
}

export class BareProbe implements Workload {
  readonly name: string = 'probe'
  readonly tolerated = TOLERATED
  protected readonly filter: BloomPrefilter
  protected digests: Int32Array[] = []
  readonly #random: Random

  constructor(random: Random, filter: BloomPrefilter) {
    this.#random = random
    this.filter = filter
  }

  prepare(count: number): void {
    this.digests = Array.from({ length: count }, () => this.#random.fill(new Int32Array(4)))
  }

  run(count: number): number {
    const { digests, filter } = this
    let absent = 0
    for (let i = 0; i < count; i++) if (!filter.has(digests[i])) absent++
    return absent
  }
}

/**
 * Digest and probe as a check meets them: on this processor a clock read waits for all memory that was asked for before it, and so the
 * next step begins when the last is over. In a loop of its own each overlaps with the next of its kind, which no single check can.
 */
export class DigestThenClock extends BareDigest {
  override readonly name = 'digest, then clock'

  override run(count: number): number {
    const { claims, digester } = this
    const until = later()
    let done = 0
    for (let i = 0; i < count; i++)
      if (digester.token(claims[i])[3] !== 0 && process.hrtime.bigint() < until) done++
    return done
  }
}

export class ClockThenProbe extends BareProbe {
  override readonly name = 'clock, then probe'

  override run(count: number): number {
    const { digests, filter } = this
    const until = later()
    let absent = 0
    for (let i = 0; i < count; i++) if (process.hrtime.bigint() < until && !filter.has(digests[i])) absent++
    return absent
  }
}

/** The three parts one after the other, as a check needs them, and nothing else. */
export class PartsInOneLoop extends OnClaims {
  readonly name = 'parts in one loop'
  readonly #digester: TokenDigester
  readonly #filter: BloomPrefilter

  constructor(random: Random, digester: TokenDigester, filter: BloomPrefilter) {
    super(random)
    this.#digester = digester
    this.#filter = filter
  }

  run(count: number): number {
    const { claims } = this
    const digester = this.#digester
    const filter = this.#filter
    const until = later()
    let active = 0
    for (let i = 0; i < count; i++) {
      const digest = digester.token(claims[i])
      if (process.hrtime.bigint() < until && !filter.has(digest)) active++
    }
    return active
  }
}

export class BareAwait implements Workload {
  readonly name = 'await of a resolved promise'
  readonly #no = Promise.resolve(false)

  prepare(): void {
    // nothing to make
  }

  async run(count: number): Promise<number> {
    const no = this.#no
    let done = 0
    for (let i = 0; i < count; i++) if (!(await no)) done++
    return done
  }
}
