import type { Selector } from '../api.js'
import type { CacheName } from '../engine/marks.js'
import { RevocadeError } from '../errors.js'
import { canonicalName, type ClaimPath, pathOf, valueAt } from '../token/claim-path.js'
import { unreadable, unusableClaim } from '../token/claim-values.js'
import { isEncodable } from '../token/digester.js'
import type { TokenDigester } from '../token/identify.js'
import { sortedNames } from '../token/selectors.js'

type Where = Readonly<Record<string, string>>

interface Claim {
  /** As the caller wrote it. */
  readonly given: string
  /** As digests use it. */
  readonly name: string
  readonly path: ClaimPath
}

/** The claims that values are kept by, and the digests whose changes make a value out of date. */
export class KeptBy {
  readonly #digester: TokenDigester
  readonly #cache: CacheName
  readonly #claims: readonly Claim[]

  /** @throws {RevocadeError} ERR_CONFIG for unusable names */
  constructor(digester: TokenDigester, cache: CacheName, by: readonly string[]) {
    this.#digester = digester
    this.#cache = cache
    this.#claims = by.map((given) => ({ given, name: canonicalName(given), path: pathOf(given) }))
    sortedNames(this.#claims.map(({ name }) => name))
  }

  /**
   * The values of the claims, in the order in which they were given. A number is its decimal string.
   *
   * @throws {RevocadeError} ERR_INVALID_TOKEN when one is absent or unusable
   */
  valuesOf(claims: unknown): readonly string[] {
    if (!isClaims(claims))
      throw new RevocadeError('ERR_INVALID_TOKEN', 'permissions are for the claims of a verified token')
    try {
      return this.#claims.map(({ given, path }) => {
        const value = valueAt(claims, path)
        if (isEncodable(value)) return String(value)
        throw unusableClaim(given, value)
      })
    } catch (error) {
      throw unreadable(error)
    }
  }

  /** What the loader is given. */
  claimsOf(values: readonly string[]): Where {
    return Object.fromEntries(this.#claims.map(({ given }, i) => [given, values[i] ?? '']))
  }

  /**
   * The mark of values that are out of date.
   *
   * @throws {RevocadeError} ERR_CONFIG for other claims, ERR_INVALID_TOKEN for unusable values
   */
  markOf(where: Selector): { readonly cache: CacheName; readonly where: Selector } {
    const target = this.#digester.selectorTarget(where)
    const claims = target.kind === 'selector' ? target.where : {}
    const names = this.#claims.map(({ name }) => name)
    const other = Object.keys(claims).find((name) => !names.includes(name))
    if (other === undefined) return { cache: this.#cache, where: claims }
    throw new RevocadeError(
      'ERR_CONFIG',
      `nothing is kept by the claim '${other}': name some of ${names.join(', ')}`,
    )
  }

  /** The first words of the digests that concern every value. */
  watchedByAll(): readonly number[] {
    return this.#wordsOf({})
  }

  /** The first words of the digests that concern a value: marks and revocations by some of its claims. */
  watched(values: readonly string[]): readonly number[] {
    let subsets: Where[] = [{}]
    for (const [i, { name }] of this.#claims.entries())
      subsets = subsets.flatMap((claims) => [claims, { ...claims, [name]: values[i] ?? '' }])
    return subsets.filter((claims) => Object.keys(claims).length > 0).flatMap((where) => this.#wordsOf(where))
  }

  #wordsOf(where: Where): readonly number[] {
    const { targets } = this.#digester
    const mark = targets.mark(this.#cache, where)[0] ?? 0
    return [mark, targets.target({ kind: 'selector', where })[0] ?? 0]
  }
}

const isClaims = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null
