import type { Receipt, Revocade, TokenClaims } from '#dist/index.js'
import type { Workload } from '../harness/measure.js'
import { assertAnswer } from '../harness/types.js'
import { freshClaims } from '../inputs/claims.js'
import type { Random } from '../inputs/random.js'

/** Far above the filter's 1e-4, far below what a broken filter would show. */
export const TOLERATED = 1e-3

/** A workload whose operations each take the claims of a new token. */
export abstract class OnClaims implements Workload {
  abstract readonly name: string
  readonly tolerated: number = TOLERATED
  protected claims: TokenClaims[] = []
  readonly #random: Random

  constructor(random: Random) {
    this.#random = random
  }

  prepare(count: number): void {
    this.claims = Array.from({ length: count }, () => freshClaims(this.#random))
  }

  abstract run(count: number): number | Promise<number>
}

/** The synchronous question. */
export class IsClearlyActive extends OnClaims {
  readonly name: string
  readonly #engine: Revocade

  constructor(random: Random, engine: Revocade, name = 'isClearlyActive') {
    super(random)
    this.name = name
    this.#engine = engine
  }

  run(): number {
    const { claims } = this
    const engine = this.#engine
    let active = 0
    for (const one of claims) if (engine.isClearlyActive(one)) active++
    return active
  }
}

/** The call without `await`: it answers with one promise, made once. */
export class IsRevoked extends OnClaims {
  readonly name = 'isRevoked'
  readonly #engine: Revocade
  readonly #no: Promise<boolean>

  constructor(random: Random, engine: Revocade, no: Promise<boolean>) {
    super(random)
    this.#engine = engine
    this.#no = no
  }

  run(): number {
    const { claims } = this
    const engine = this.#engine
    const no = this.#no
    let active = 0
    for (const one of claims) if (engine.isRevoked(one) === no) active++
    return active
  }
}

/** The awaited question. */
export class AwaitedIsRevoked extends OnClaims {
  readonly name: string
  override readonly tolerated = 0
  readonly #engine: Revocade

  constructor(random: Random, engine: Revocade, name = 'await isRevoked') {
    super(random)
    this.name = name
    this.#engine = engine
  }

  async run(): Promise<number> {
    const { claims } = this
    const engine = this.#engine
    let active = 0
    for (const one of claims) if (!(await engine.isRevoked(one))) active++
    return active
  }
}

/** The promise that every plain "no" is answered with. */
export function sharedNo(engine: Revocade, random: Random): Promise<boolean> {
  for (let i = 0; i < 10; i++) {
    const no = engine.isRevoked(freshClaims(random))
    if (no === engine.isRevoked(freshClaims(random))) return no
  }
  throw new Error('wrong answer: each "no" is a new promise')
}

/** Revoked tokens are found, by every way of asking; others are not. */
export async function assertAnswers(
  engine: Revocade,
  revoked: readonly TokenClaims[],
  random: Random,
): Promise<void> {
  for (const claims of revoked) {
    assertAnswer(!engine.isClearlyActive(claims), 'a revoked token is clearly active')
    assertAnswer(await engine.isRevoked(claims), 'a revoked token is not revoked')
  }
  for (let i = 0; i < 1000; i++) {
    const claims = freshClaims(random)
    assertAnswer(!(await engine.isRevoked(claims)), 'a token that nobody revoked is revoked')
  }
  assertAnswer(engine.stats().lease.live, 'the lease is not live')
}

/** Revocations one after the other, each awaited until it is durable. */
export class AwaitedRevoke extends OnClaims {
  readonly name: string
  override readonly tolerated = 0
  readonly #engine: Revocade
  readonly #asExpected: (receipt: Receipt) => boolean

  constructor(
    random: Random,
    engine: Revocade,
    name = 'await revoke',
    asExpected = ({ seq }: Receipt): boolean => seq > 0,
  ) {
    super(random)
    this.#engine = engine
    this.name = name
    this.#asExpected = asExpected
  }

  async run(): Promise<number> {
    let right = 0
    for (const claims of this.claims) if (this.#asExpected(await this.#engine.revoke(claims))) right++
    return right
  }

  /** What it wrote last is found. */
  async verify(): Promise<void> {
    for (const claims of this.claims)
      assertAnswer(await this.#engine.isRevoked(claims), 'a revocation is not found')
  }
}
