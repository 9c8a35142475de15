import type { Digest, Prefilter } from '#dist/ports/index.js'
import { TokenDigester } from '#dist/token/identify.js'
import { DigestFilter } from './filter.js'

/** The keyed digest of an id, as a check makes it of a token's claims: no object is made for it. */
export class IdDigester {
  readonly #claims = { jti: '' }
  readonly #digester = new TokenDigester({
    key: new Uint8Array(16),
    namespace: 'default',
    idClaims: ['jti'],
    maxTokenBytes: 16_384,
  })

  /** Overwritten by the next call. */
  of(key: string): Digest {
    this.#claims.jti = key
    return this.#digester.token(this.#claims)
  }
}

/** A filter of this package: its time for a string is that of the digest, too. */
export class Digested extends DigestFilter {
  override readonly ours = true
  readonly name: string
  readonly #filter: Prefilter
  readonly #digester = new IdDigester()
  #digests: Digest[] = []

  constructor(filter: Prefilter) {
    super()
    this.name = filter.kind
    this.#filter = filter
  }

  add(keys: readonly string[]): void {
    const filter = this.#filter
    const digester = this.#digester
    for (const key of keys) filter.add(digester.of(key))
  }

  count(keys: readonly string[]): number {
    const filter = this.#filter
    const digester = this.#digester
    let found = 0
    for (const key of keys) if (filter.has(digester.of(key))) found++
    return found
  }

  ready(keys: readonly string[]): void {
    this.#digests = keys.map((key) => this.#digester.of(key).slice())
  }

  probe(): number {
    const filter = this.#filter
    let found = 0
    for (const digest of this.#digests) if (filter.has(digest)) found++
    return found
  }

  /** Of those that are in it now. */
  override expectedRate(): number {
    return this.#filter.expectedFalsePositiveRate
  }

  bytes(): number {
    return this.#filter.bytes
  }
}
