import { RevocadeError } from '../../errors.js'
import type { Target } from '../../ports/index.js'

/**
 * A target as JSON, as stores keep it: `["id", claim, id, iss?]`, `["hash", sha256]`, `["where", claims]`.
 */
export function targetToJson(target: Target): string {
  switch (target.kind) {
    case 'id':
      return JSON.stringify(
        target.iss === undefined
          ? ['id', target.claim, target.id]
          : ['id', target.claim, target.id, target.iss],
      )
    case 'hash':
      return JSON.stringify(['hash', target.sha256])
    case 'selector':
      return JSON.stringify(['where', target.where])
  }
}

/**
 * The reverse of {@link targetToJson}.
 *
 * @throws {RevocadeError} ERR_STORE_CORRUPT when the text is no target
 */
export function targetFromJson(json: string): Target {
  try {
    const parts: unknown = JSON.parse(json)
    if (Array.isArray(parts)) {
      const [kind, first, second, third] = parts as readonly unknown[]
      if (kind === 'hash' && typeof first === 'string') return { kind, sha256: first }
      if (kind === 'id' && typeof first === 'string' && isScalar(second)) {
        const named = { kind, claim: first, id: second } as const
        return typeof third === 'string' ? { ...named, iss: third } : named
      }
      if (kind === 'where' && isClaims(first)) return { kind: 'selector', where: first }
    }
  } catch {
    // not even JSON: reported below
  }
  throw new RevocadeError(
    'ERR_STORE_CORRUPT',
    'a row of the store has a damaged target: restore the store from a backup',
  )
}

const isScalar = (value: unknown): value is string | number =>
  typeof value === 'string' || typeof value === 'number'

const isClaims = (value: unknown): value is Record<string, string | number> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && Object.values(value).every(isScalar)

/** The sorted claim names of a selector as JSON; null for a single token. */
export const selectorToJson = (target: Target): string | null =>
  target.kind === 'selector' ? JSON.stringify(Object.keys(target.where).sort()) : null

const MAX_SHAPES = 1024
const shapes = new Map<string, readonly string[]>()

/**
 * The reverse of {@link selectorToJson}. A store has few different lists of names, and each is parsed once.
 */
export function selectorNames(json: string): readonly string[] {
  let names = shapes.get(json)
  if (names === undefined) {
    const parsed: unknown = JSON.parse(json)
    names = Object.freeze(Array.isArray(parsed) ? parsed.map(String) : [])
    if (shapes.size < MAX_SHAPES) shapes.set(json, names)
  }
  return names
}
