import { type ClaimsEntry, namesOfEntry } from '../../claims-option.js'
import { DEFAULT_CLAIMS, DEFAULT_ID_CLAIMS } from '../../options.js'
import type { Entry, Needs } from '../formats/entry.js'
import { shapeKey } from '../input/targets.js'
import type { TokenOptions } from '../options.js'

/** The most selectors and id claims that a file may add: a service honours only a few. */
export const MAX_ADDED = 64

/** Selectors and id claims that the file has needed so far and the options do not name. */
export interface Added {
  readonly addedClaims: string[][]
  readonly addedIdClaims: string[]
}

interface ConfiguredClaims {
  readonly claims: readonly ClaimsEntry[]
  readonly idClaims: readonly string[]
}

/** The claims that one engine of an import is configured with. */
export class Plan {
  readonly #claims: readonly ClaimsEntry[]
  readonly #shapes: ReadonlySet<string>
  readonly #idClaims: readonly string[]
  readonly #allIdClaims: readonly string[]
  readonly #full: boolean
  /** False on an engine with added id claims: they must not decide which claim identifies a raw token. */
  readonly #takesTokens: boolean

  /**
   * Covers the options, the needs of the entries before, and those of the next entries.
   *
   * @param added - what entries have needed so far; the needs of `next` are added to it
   * @param next - the next entries of the file, as many as are known; none at its end
   */
  constructor(options: TokenOptions, added: Added, next: readonly Entry[]) {
    const claims = options.claims ?? DEFAULT_CLAIMS
    const idClaims = options.idClaims ?? DEFAULT_ID_CLAIMS
    for (const entry of next) {
      const needs = needsOf(entry)
      if (needs !== undefined && !isFull(added)) addNeeds(needs, { claims, idClaims }, added)
    }
    this.#claims = [...claims, ...added.addedClaims]
    this.#allIdClaims = [...idClaims, ...added.addedIdClaims]
    this.#takesTokens = needsOf(next[0])?.kind === 'token' || added.addedIdClaims.length === 0
    this.#idClaims = this.#takesTokens ? idClaims : this.#allIdClaims
    // Checks look for single id claims always.
    this.#shapes = shapesOf([...this.#claims, ...this.#idClaims])
    this.#full = isFull(added)
  }

  /** The engine options that this plan sets. */
  overrides(): ConfiguredClaims {
    return { claims: this.#claims, idClaims: this.#idClaims }
  }

  /** Whether an entry fits this engine, needs another one, or would exceed {@link MAX_ADDED}. */
  judge(needs: Needs | undefined): 'fits' | 'another engine' | 'too many kinds' {
    if (needs === undefined) return 'fits'
    if (needs.kind === 'token') return this.#takesTokens ? 'fits' : 'another engine'
    if (needs.kind === 'id' ? this.#idClaims.includes(needs.claim) : this.#shapes.has(shapeKey(needs.names)))
      return 'fits'
    if (needs.kind === 'id' && this.#allIdClaims.includes(needs.claim)) return 'another engine'
    return this.#full ? 'too many kinds' : 'another engine'
  }
}

function needsOf(entry: Entry | undefined): Needs | undefined {
  return entry !== undefined && 'input' in entry ? entry.needs : undefined
}

function isFull({ addedClaims, addedIdClaims }: Added): boolean {
  return addedClaims.length + addedIdClaims.length >= MAX_ADDED
}

function addNeeds(needs: Needs, { claims, idClaims }: ConfiguredClaims, added: Added): void {
  if (needs.kind === 'selector') {
    const known = shapesOf([...claims, ...idClaims, ...added.addedClaims])
    if (!known.has(shapeKey(needs.names))) added.addedClaims.push([...needs.names])
  }
  if (needs.kind === 'id' && ![...idClaims, ...added.addedIdClaims].includes(needs.claim))
    added.addedIdClaims.push(needs.claim)
}

function shapesOf(claims: readonly ClaimsEntry[]): Set<string> {
  return new Set(claims.map((entry) => shapeKey(namesOfEntry(entry))))
}
