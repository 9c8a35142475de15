import type { Subject } from '../measure.js'
import type { Pools, Verified } from '../tokens.js'
import { assertAnswer } from '../types.js'
import type { Peer } from './peer.js'

export interface Checking {
  readonly pools: Pools
  /** Which part of the tokens is revoked: every 10,000th at 1e-4. */
  readonly share: number
  /** How many checks are asked for together; all are answered before the next. */
  readonly inFlight: number
  /** Where in the pools it begins: subjects that begin apart don't find each other's tokens in the processor's caches. */
  readonly offset: number
}

/** A peer that checks tokens as they arrive. The pools are walked round and round, so no token comes twice until all have come. */
export class CheckPeer implements Subject {
  readonly name: string
  readonly #peer: Peer
  readonly #checking: Checking
  #arrived = 0
  #batch: Verified[] = []
  #revoked = 0

  constructor(peer: Peer, checking: Checking) {
    this.name = nameOf(peer, checking.inFlight)
    this.#peer = peer
    this.#checking = checking
  }

  prepare(count: number): void {
    this.#revoked = 0
    this.#batch = Array.from({ length: count }, () => this.#next())
  }

  async run(count: number): Promise<number> {
    const { inFlight } = this.#checking
    const found = inFlight === 1 ? await this.#oneByOne() : await this.#together(inFlight)
    return count - Math.abs(found - this.#revoked)
  }

  #next(): Verified {
    const { pools, share, offset } = this.#checking
    const at = this.#arrived++
    const before = Math.floor(at * share)
    const isRevoked = Math.floor((at + 1) * share) > before
    if (!isRevoked) return pools.active.fresh(offset + at - before)
    this.#revoked++
    return pools.revoked.fresh(offset + before)
  }

  /** Without `await` where the answer is there already. */
  async #oneByOne(): Promise<number> {
    const peer = this.#peer
    let found = 0
    for (const { token, claims } of this.#batch) {
      const answer = peer.isRevoked(token, claims)
      if (typeof answer === 'boolean' ? answer : await answer) found++
    }
    return found
  }

  async #together(inFlight: number): Promise<number> {
    let found = 0
    for (let from = 0; from < this.#batch.length; from += inFlight) {
      const asked = this.#batch.slice(from, from + inFlight).map(async ({ token, claims }) => this.#peer.isRevoked(token, claims))
      const answers = await Promise.all(asked)
      for (const revoked of answers) if (revoked) found++
    }
    return found
  }
}

export const nameOf = ({ name }: Peer, inFlight: number): string => inFlight === 1 ? name : `${name}, ${inFlight} in flight`

/** Knows what is revoked, and nothing else is: asked before anything is timed. */
export async function assertKnows(peer: Peer, pools: Pools, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    const revoked = pools.revoked.fresh(i)
    assertAnswer(await peer.isRevoked(revoked.token, revoked.claims), `${peer.name} lets a revoked token through`)
    const active = pools.active.fresh(i)
    assertAnswer(!(await peer.isRevoked(active.token, active.claims)), `${peer.name} refuses a token that nobody revoked`)
  }
}
