import { BloomPrefilter } from '#dist/prefilter/bloom.js'
import { TokenDigester } from '#dist/token/identify.js'
import type { Workload } from '../harness/measure.js'
import type { Random } from '../inputs/random.js'
import { OnClaims, TOLERATED } from './engine-workloads.js'

/** Later than any run ends, by the clock that leases go by. */
const later = (): bigint => process.hrtime.bigint() + 3_600_000_000_000n

/** The digest of a token's id. */
export class BareDigest extends OnClaims {
  readonly name: string = 'digest'
  override readonly tolerated = 1e-6
  protected readonly digester: TokenDigester

  constructor(random: Random, digester: TokenDigester) {
    super(random)
    this.digester = digester
  }

  run(): number {
    const { claims, digester } = this
    let done = 0
    for (const one of claims) if (digester.token(one)[3] !== 0) done++
    return done
  }
}

/** The clock that a check reads. */
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

/** The lookup in the filter, of ready digests. */
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

  run(): number {
    const { digests, filter } = this
    let absent = 0
    for (const digest of digests) if (!filter.has(digest)) absent++
    return absent
  }
}

/**
 * The digest as a check makes it. On x86 a clock read waits for all memory reads before it, so the next step
 * begins when this one is over. In a loop of its own a step overlaps with the next of its kind, which no
 * check can.
 */
export class DigestThenClock extends BareDigest {
  override readonly name = 'digest, then clock'

  override run(): number {
    const { claims, digester } = this
    const until = later()
    let done = 0
    for (const one of claims) if (digester.token(one)[3] !== 0 && process.hrtime.bigint() < until) done++
    return done
  }
}

/** The probe as a check makes it, after a clock read. */
export class ClockThenProbe extends BareProbe {
  override readonly name = 'clock, then probe'

  override run(): number {
    const { digests, filter } = this
    const until = later()
    let absent = 0
    for (const digest of digests) if (process.hrtime.bigint() < until && !filter.has(digest)) absent++
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

  run(): number {
    const { claims } = this
    const digester = this.#digester
    const filter = this.#filter
    const until = later()
    let active = 0
    for (const one of claims) {
      const digest = digester.token(one)
      if (process.hrtime.bigint() < until && !filter.has(digest)) active++
    }
    return active
  }
}

/** `await` of a resolved promise. */
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
