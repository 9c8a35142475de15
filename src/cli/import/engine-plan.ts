import { DEFAULT_CLAIMS, DEFAULT_ID_CLAIMS } from '../../options.js'
import type { Entry, Needs } from '../formats/entry.js'
import { shapeKey } from '../input/targets.js'
import type { TokenOptions } from '../options.js'

/** Selectors and id claims that a file may add. Each opens another engine, and a service honours a handful. */
export const MAX_ADDED = 64

/** What a file needed besides the options, so far. */
export interface Added {
  readonly addedClaims: string[][]
  readonly addedIdClaims: string[]
}

/** What the engine of one stretch of lines is set up for. */
export class Plan {
  readonly #claims: readonly (string | string[])[]
  readonly #shapes: ReadonlySet<string>
  readonly #idClaims: readonly string[]
  readonly #allIdClaims: readonly string[]
  readonly #full: boolean
  /** On engines with added id claims no raw token is taken. */
  readonly #takesTokens: boolean

  /** Set up for the options, for what was added before, and for the first entry, whose needs are added. */
  constructor(options: TokenOptions, added: Added, first: Entry | undefined) {
    const needs = first !== undefined && 'input' in first ? first.needs : undefined
    const claims = options.claims ?? DEFAULT_CLAIMS
    const idClaims = options.idClaims ?? DEFAULT_ID_CLAIMS
    const isFull = (): boolean => added.addedClaims.length + added.addedIdClaims.length >= MAX_ADDED
    if (
      needs?.kind === 'selector' &&
      !isFull() &&
      !shapesOf([...claims, ...added.addedClaims]).has(shapeKey(needs.names))
    ) {
      added.addedClaims.push([...needs.names])
    }
    if (needs?.kind === 'id' && !isFull() && ![...idClaims, ...added.addedIdClaims].includes(needs.claim)) {
      added.addedIdClaims.push(needs.claim)
    }
    this.#claims = [...claims, ...added.addedClaims]
    this.#shapes = shapesOf(this.#claims)
    this.#allIdClaims = [...idClaims, ...added.addedIdClaims]
    this.#takesTokens = needs?.kind === 'token' || added.addedIdClaims.length === 0
    this.#idClaims = this.#takesTokens ? idClaims : this.#allIdClaims
    this.#full = isFull()
  }

  overrides(): { claims: readonly (string | string[])[]; idClaims: readonly string[] } {
    return { claims: this.#claims, idClaims: this.#idClaims }
  }

  /** Whether an entry fits this engine, needs another one, or is one kind of target too many. */
  judge(needs: Needs | undefined): 'fits' | 'another engine' | 'too many kinds' {
    if (needs === undefined) return 'fits'
    if (needs.kind === 'token') return this.#takesTokens ? 'fits' : 'another engine'
    if (needs.kind === 'id' ? this.#idClaims.includes(needs.claim) : this.#shapes.has(shapeKey(needs.names)))
      return 'fits'
    if (needs.kind === 'id' && this.#allIdClaims.includes(needs.claim)) return 'another engine'
    return this.#full ? 'too many kinds' : 'another engine'
  }
}

function shapesOf(claims: readonly (string | string[])[]): Set<string> {
  return new Set(claims.map((entry) => shapeKey(typeof entry === 'string' ? [entry] : entry)))
}
