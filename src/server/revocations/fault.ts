import { suggestionFor } from '../../validate.js'
import { RequestError } from '../problem.js'
import type { Entry } from './entry.js'
import type { Schema } from './schemas.js'

/** Where a schema was not met, as the validator tells it. */
export interface SchemaFault {
  readonly instancePath: string
  readonly keyword: string
  readonly params: Readonly<Record<string, unknown>>
}

const TIME = 'must be seconds since 1970, or a date and time such as 2026-12-31T00:00:00Z'
const TEXT = 'must be a string of at most 1024 characters'
const ID = 'must be a string or a number'

/** What a member must be. Those that are not here are id claims. */
const MUST: Readonly<Record<string, string | undefined>> = {
  token: 'must be a string that is not empty',
  where: 'must be an object of claims, each a string or a number',
  everyone: 'must be true',
  sha256: 'must have 64 hexadecimal digits',
  idClaim: 'must be one of the configured id claims',
  iss: 'must be a string',
  notBefore: TIME,
  expiresAt: TIME,
  issuedBefore: `${TIME}, or "ever"`,
  sameSecond: 'must be "revoke" or "keep"',
  reason: TEXT,
  ack: 'must be "durable" or "fleet"',
  revokedAt: 'must be a date and time such as 2026-12-31T00:00:00Z',
  actor: 'must be a string',
}

/** A name of a member that may be repeated: a longer or stranger one may be a token. */
const NAME = /^[A-Za-z_]{1,20}$/

/**
 * What is wrong with an entry that has not met its schema: the member, and what it must be. Values are not
 * repeated, because they may be tokens.
 *
 * @param forms - the schemas of which one must fit
 * @param faults - what the validator says
 */
export function faultIn(entry: Entry, forms: readonly Schema[], faults: readonly SchemaFault[]): string {
  const targets = forms.map(({ required }) => String(required))
  const known = [...new Set(forms.flatMap((form) => membersOf(form)))]
  const unknown = Object.keys(entry).find((name) => !known.includes(name))
  if (unknown !== undefined)
    return `unknown member${NAME.test(unknown) ? ` '${unknown}'` : ''}: ${suggestionFor(unknown, known)}`
  const given = targets.filter((name) => name in entry)
  const [target] = given
  if (target === undefined) return `it names nothing: give one of ${quoted(targets)}`
  if (given.length > 1) return `it has ${quoted(given)}: give one of them`
  const fitting = membersOf(forms.find(({ required }) => String(required) === target) ?? {})
  const stray = Object.keys(entry).find((name) => !fitting.includes(name))
  if (stray !== undefined) return `'${stray}' does not go with '${target}'`
  const { dependencies } = Object.fromEntries(faults.map(({ keyword, params }) => [keyword, params]))
  if (dependencies !== undefined)
    return `'${String(dependencies.property)}' needs '${String(dependencies.missingProperty)}' beside it`
  const wrong = faults.find(({ instancePath }) => instancePath !== '')?.instancePath.split('/')[1] ?? target
  return `'${wrong}' ${MUST[wrong] ?? ID}`
}

/**
 * Refuses an empty selector that does not say that everyone is meant: a variable of a script may be empty.
 *
 * @throws {RequestError} 400 when it says neither `everyone` nor `issuedBefore`; or when `everyone` stands
 *   beside claims
 */
export function demandEveryone({ where, everyone, issuedBefore }: Entry): void {
  if (typeof where !== 'object' || where === null) return
  const isEmpty = Object.keys(where).length === 0
  if (isEmpty && everyone === undefined && issuedBefore === undefined)
    throw new RequestError(400, 'invalid-request', EMPTY)
  if (!isEmpty && everyone !== undefined)
    throw new RequestError(400, 'invalid-request', "'everyone' goes with an empty 'where' only")
}

const EMPTY =
  '\'where\' is empty, which revokes the tokens of everyone: if you mean that, add "everyone": true ' +
  "or an 'issuedBefore'"

const membersOf = ({ properties }: Schema): string[] => Object.keys(Object(properties) as object)

const quoted = (names: readonly string[]): string => names.map((name) => `'${name}'`).join(', ')
