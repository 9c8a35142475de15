import type { Workload } from '../../harness/measure.js'
import { assertAnswer } from '../../harness/types.js'
import type { Pools, Verified } from '../../inputs/tokens.js'
import type { Peer } from './peer.js'

export interface Checking {
  readonly pools: Pools
  /** Which part of the tokens is revoked: every 10,000th at 1e-4. */
  readonly share: number
  /** How many different revoked tokens come at most. */
  readonly different: number
  /** How many checks are asked for together; all are answered before the next. */
  readonly inFlight: number
  /** Where in the pools it begins. */
  readonly offset: number
}

type Arrived = Verified & { readonly isRevoked: boolean }

/**
 * A peer that checks tokens as they arrive. It goes through the pools in turn: no token twice until all have
 * come.
 */
export class CheckPeer implements Workload {
  readonly name: string
  readonly #peer: Peer
  readonly #checking: Checking
  #arrived = 0
  #batch: Arrived[] = []

  constructor(peer: Peer, checking: Checking) {
    this.name = nameOf(peer, checking.inFlight)
    this.#peer = peer
    this.#checking = checking
  }

  prepare(count: number): void {
    this.#batch = Array.from({ length: count }, () => this.#next())
  }

  run(): Promise<number> {
    const { inFlight } = this.#checking
    return inFlight === 1 ? this.#oneByOne() : this.#together(inFlight)
  }

  #next(): Arrived {
    const { pools, share, different, offset } = this.#checking
    const at = this.#arrived++
    const before = Math.floor(at * share)
    const isRevoked = Math.floor((at + 1) * share) > before
    const arrived = isRevoked
      ? pools.revoked.fresh(offset + (before % different))
      : pools.active.fresh(offset + at - before)
    return { ...arrived, isRevoked }
  }

  /** Without `await` where the answer is there already. */
  async #oneByOne(): Promise<number> {
    const peer = this.#peer
    let right = 0
    for (const { token, claims, isRevoked } of this.#batch) {
      const answer = peer.isRevoked(token, claims)
      if ((typeof answer === 'boolean' ? answer : await answer) === isRevoked) right++
    }
    return right
  }

  async #together(inFlight: number): Promise<number> {
    let right = 0
    for (let from = 0; from < this.#batch.length; from += inFlight) {
      const asked = this.#batch
        .slice(from, from + inFlight)
        .map(
          async ({ token, claims, isRevoked }) => (await this.#peer.isRevoked(token, claims)) === isRevoked,
        )
      for (const isRight of await Promise.all(asked)) if (isRight) right++
    }
    return right
  }
}

export const nameOf = ({ name }: Peer, inFlight: number): string =>
  inFlight === 1 ? name : `${name}, ${inFlight} in flight`

/** Knows what is revoked, and nothing else is: asked before anything is timed. */
export async function assertKnows(peer: Peer, pools: Pools, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    const revoked = pools.revoked.fresh(i)
    assertAnswer(
      await peer.isRevoked(revoked.token, revoked.claims),
      `${peer.name} lets a revoked token through`,
    )
    const active = pools.active.fresh(i)
    assertAnswer(
      !(await peer.isRevoked(active.token, active.claims)),
      `${peer.name} refuses a token that nobody revoked`,
    )
  }
}
