import type { Token } from '../api.js'
import { type ClaimsEntry, namesOfEntry } from '../claims-option.js'
import { DEFAULT_CLAIMS, DEFAULT_ID_CLAIMS } from '../options.js'
import type { RevocationStore } from '../ports/index.js'
import { optionName } from '../token/claim-path.js'
import { TokenReader } from '../token/jwt.js'
import { printable } from './errors.js'
import { shapeKey } from './input/targets.js'
import { note, type NoteOptions } from './output/print.js'
import { selectorShapes } from './store-rows.js'

/** The options of a check that say what it looks for. */
interface LookedFor extends NoteOptions {
  readonly claims?: readonly ClaimsEntry[]
  readonly idClaims?: readonly string[]
}

/**
 * Says which selectors of the store a check does not look for: a token may be active here and revoked
 * elsewhere.
 */
export async function noteOtherSelectors(store: RevocationStore, options: LookedFor): Promise<void> {
  const { claims = DEFAULT_CLAIMS, idClaims = DEFAULT_ID_CLAIMS } = options
  const others = await selectorsBut(store, [...claims, ...idClaims])
  if (others !== '')
    note(`the store also revokes by ${others}, which --claims does not name: not looked for here`, options)
}

/** The same where the command line names an id alone: no claim of the token is known. */
export async function noteUnknownClaims(store: RevocationStore, options: LookedFor): Promise<void> {
  const others = await selectorsBut(store, options.idClaims ?? DEFAULT_ID_CLAIMS)
  if (others !== '')
    note(
      `the store also revokes by ${others}: to look for that, give the token or its claims (--claims-json)`,
      options,
    )
}

/** Whether a token has claims that can be read. A selector matches no others. */
export function hasClaims(token: Token): boolean {
  if (typeof token !== 'string') return true
  try {
    return new TokenReader(Number.POSITIVE_INFINITY).read(token).claims !== undefined
  } catch {
    return false // the check says what is wrong with it
  }
}

/** The selectors that live in the store, except those that are known and that of everybody; '' for none. */
async function selectorsBut(store: RevocationStore, known: readonly ClaimsEntry[]): Promise<string> {
  const honoured = new Set([[], ...known.map(namesOfEntry)].map(shapeKey))
  const others = [...(await selectorShapes(store)).keys()].filter((key) => !honoured.has(key))
  return others.map(shapeText).join(', ')
}

function shapeText(key: string): string {
  const names: unknown = JSON.parse(key)
  return printable(Array.isArray(names) ? names.map((name) => optionName(String(name))).join('+') : key)
}
