/// <reference lib="es2024.string" />
import { RevocadeError } from '../errors.js'

/** Where a claim stands: the names of the objects around it, outermost first, and its own name. */
export type ClaimPath = readonly string[]

/**
 * The one spelling of a claim's name that digests and stores use. A name that begins with `/` is a JSON
 * Pointer (RFC 6901) into nested objects: `/realm_access/roles`. A pointer of one segment is the plain name:
 * `/sub` is `sub`, and `/a.b` is the claim `a.b`.
 *
 * @throws {RevocadeError} ERR_CONFIG for a pointer with an empty segment, or a `~` that is not `~0` or `~1`
 */
export function canonicalName(name: string): string {
  if (!name.startsWith('/')) return name
  const path = pathOf(name)
  const [only] = path
  // A plain name that begins with / could not be told from a pointer.
  if (path.length === 1 && only !== undefined && !only.startsWith('/')) return only
  return pointer(path)
}

/** A canonical name as the option `claims` takes it: `a.b` is written `/a.b`. */
export function optionName(name: string): string {
  return dottedNameAdvice(name) === undefined ? name : pointer([name])
}

function pointer(path: ClaimPath): string {
  return path.map((segment) => `/${segment.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
}

/**
 * The path of a claim.
 *
 * @param name as {@link canonicalName} takes or gives it
 * @throws {RevocadeError} ERR_CONFIG as {@link canonicalName}
 */
export function pathOf(name: string): ClaimPath {
  if (!name.startsWith('/')) return [name]
  const segments = name.slice(1).split('/')
  if (segments.includes(''))
    throw new RevocadeError('ERR_CONFIG', `the claim ${name} has an empty name between or after its slashes`)
  if (/~(?![01])/.test(name))
    throw new RevocadeError('ERR_CONFIG', `the claim ${name} has a ~: write ~0 for ~ and ~1 for / in a name`)
  return segments.map((segment) => segment.replaceAll('~1', '/').replaceAll('~0', '~'))
}

/** The value at a path; undefined where an object on the way is absent or is none. */
export function valueAt(claims: object, path: ClaimPath): unknown {
  let value: unknown = claims
  for (const segment of path) {
    if (typeof value !== 'object' || value === null) return undefined
    value = Reflect.get(value, segment)
  }
  return value
}

/**
 * Finds names that look nested and are not: `realm_access.roles` would be the claim of just that name.
 *
 * @returns what to write instead; undefined for a name that is fine
 */
export function dottedNameAdvice(name: string): string | undefined {
  // A dot in a URL is no attempt at a path.
  if (name.startsWith('/') || !name.includes('.') || name.includes('://')) return undefined
  const nested = pointer(name.split('.'))
  return `write '${nested}' for a nested claim or '${pointer([name])}' for a claim whose name has a dot`
}
