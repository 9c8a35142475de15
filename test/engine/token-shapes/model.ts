/// <reference lib="es2024.string" />
import { createHash } from 'node:crypto'

/** A JSON object as a token carries it. */
export type Claims = Readonly<Record<string, unknown>>

export const MAX_BYTES = 1024
export const ID_CLAIMS = ['jti', 'uti']
/** Each selector's claims, as paths. The names are those of the option `claims`. */
export const SELECTORS: readonly (readonly string[])[] = [
  ['sub'],
  ['groups'],
  ['/act/sub'],
  ['/realm/roles'],
  ['/__proto__/sub'],
  ['aud', 'groups'],
  ['iss', 'sub'],
]

/** Whole tokens where a claim is expected: no revocation may store them. */
export const WHOLE_TOKENS = ['eyJhbGciOiJub25lIn0.e30.', `v4.public.${'A'.repeat(86)}`]

/** Whether a value can be an id, or the value of a selector. */
export function isUsable(value: unknown): value is string | number {
  if (typeof value !== 'string') return Number.isSafeInteger(value)
  return value !== '' && value.isWellFormed() && !isLong(value)
}

export const isLong = (value: unknown): boolean =>
  typeof value === 'string' && Buffer.byteLength(value) > MAX_BYTES

const isWholeToken = (value: unknown): boolean => typeof value === 'string' && WHOLE_TOKENS.includes(value)

export const isStorable = (value: unknown): value is string | number =>
  isUsable(value) && !isWholeToken(value)

export const selectorKey = (names: readonly string[], values: readonly unknown[]): string =>
  JSON.stringify(['selector', names, values.map(String)])

export const idKey = (claim: string, id: unknown, iss: unknown): string =>
  JSON.stringify(['id', claim, id, iss])

/** What is known of a token. */
export interface Known {
  /** Undefined: nothing names it. */
  readonly identity: string | undefined
  readonly id: readonly [claim: string, value: string | number, issuer: unknown] | undefined
  /** All selectors that match it. */
  readonly selectors: readonly string[]
  /** The JSON of the names of selectors whose values are too long or too many to be looked for. */
  readonly tooMuch: readonly string[]
  /** Its `iat` can be compared with a cutoff, or it has none. */
  readonly dated: boolean
  /** No operation takes it. */
  readonly invalid: boolean
}

const INVALID: Known = {
  identity: undefined,
  id: undefined,
  selectors: [],
  tooMuch: [],
  dated: true,
  invalid: true,
}

export const isRevocable = ({ identity, id }: Known): boolean =>
  identity !== undefined && (id === undefined || (isStorable(id[1]) && !isWholeToken(id[2])))

/** Reads a token as the documentation says, in the simplest way. */
export function know(token: string | Claims, claims: Claims | undefined): Known {
  if (typeof token === 'string' && token.length > MAX_BYTES) return INVALID
  const names = identify(token, claims)
  if (names === undefined) return INVALID
  const found = [...SELECTORS, ...ID_CLAIMS.map((name) => [name])].map((names) =>
    matches(names, claims ?? {}),
  )
  return {
    ...names,
    selectors: found.flatMap(({ keys }) => keys),
    tooMuch: found.flatMap(({ names, tooMuch }) => (tooMuch ? [JSON.stringify(names)] : [])),
    dated: isDate(claims?.iat),
    invalid: false,
  }
}

function identify(
  token: string | Claims,
  claims: Claims | undefined,
): Pick<Known, 'identity' | 'id'> | undefined {
  const claim = claims && ID_CLAIMS.find((name) => Object.hasOwn(claims, name))
  if (claim === undefined) {
    if (typeof token !== 'string') return { identity: undefined, id: undefined }
    const signed = claims === undefined ? token : token.slice(0, token.lastIndexOf('.'))
    return { identity: createHash('sha256').update(signed).digest('hex'), id: undefined }
  }
  const { [claim]: id, iss } = claims ?? {}
  const goodIssuer = iss === undefined || iss === '' || (typeof iss === 'string' && isUsable(iss))
  return isUsable(id) && goodIssuer ? { identity: idKey(claim, id, iss), id: [claim, id, iss] } : undefined
}

const isDate = (iat: unknown): boolean =>
  iat === undefined || (typeof iat === 'number' && iat >= 0 && iat < 253_402_300_800)

function matches(
  names: readonly string[],
  claims: Claims,
): { names: readonly string[]; keys: string[]; tooMuch: boolean } {
  const candidates = names.map((name) => {
    const value = at(claims, pathOf(name))
    return Array.isArray(value) ? value.map((element: unknown) => element) : [value]
  })
  // What no selector can have does not count against the limit, nor does a value that stands there twice.
  const distinct = candidates.map(
    (values) => new Set(values.filter((value) => isUsable(value) || isLong(value))),
  )
  const arrays = distinct.filter(({ size }) => size > 1).length
  const count = distinct.reduce((product, { size }) => product * size, 1)
  const combinations = candidates.reduce<unknown[][]>(
    (before, values) => before.flatMap((start) => values.map((value) => [...start, value])),
    [[]],
  )
  const keys = combinations
    .filter((values) => values.every(isUsable))
    .map((values) => selectorKey(names, values))
  const long = combinations.some(
    (values) => values.some(isLong) && values.every((value) => isUsable(value) || isLong(value)),
  )
  return { names, keys, tooMuch: long || (arrays > 1 && count > 64) }
}

/** Claims with some more, nested ones too. */
export function withClaims(claims: Claims, names: readonly string[], values: readonly unknown[]): Claims {
  const more = names.map((name, i): readonly [string, unknown] => {
    const [first = '', ...inner] = pathOf(name)
    // Through JSON, because a computed "__proto__" would be no property.
    const json = inner.reduceRight(
      (rest, key) => `{${JSON.stringify(key)}:${rest}}`,
      JSON.stringify(values[i]),
    )
    return [first, JSON.parse(json)]
  })
  return Object.fromEntries([...Object.entries(claims), ...more])
}

const pathOf = (name: string): readonly string[] => (name.startsWith('/') ? name.slice(1).split('/') : [name])

function at(claims: Claims, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (value, name) =>
      typeof value === 'object' && value !== null && Object.hasOwn(value, name)
        ? Reflect.get(value, name)
        : undefined,
    claims,
  )
}
