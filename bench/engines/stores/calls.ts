import { randomBytes, randomUUID } from 'node:crypto'
import type { Mutation } from '#dist/ports/index.js'
import { inFlight } from '../../harness/in-flight.js'
import type { Workload } from '../../harness/measure.js'
import { EXPIRES_AT } from '../../inputs/claims.js'

/** One call after another, or several in flight at a time. */
export class Calls implements Workload {
  readonly name: string
  readonly #call: () => Promise<unknown>
  readonly #inFlight: number

  constructor(name: string, call: () => Promise<unknown>, most = 1) {
    this.name = name
    this.#call = call
    this.#inFlight = most
  }

  prepare(): void {
    // Each call makes its own input: what is compared goes through a socket, which takes much longer.
  }

  async run(count: number): Promise<number> {
    let done = 0
    await inFlight(Array(count).keys(), this.#inFlight, async () => {
      await this.#call()
      done++
    })
    return done
  }
}

/** The revocation of a token with a UUID as its `jti`. */
export function revocation(): Mutation {
  const target = { kind: 'id', claim: 'jti', id: randomUUID(), iss: 'https://issuer.example' } as const
  return { op: 'revoke', digest: randomBytes(16), target, expiresAt: EXPIRES_AT, revokedAt: Date.now() }
}
