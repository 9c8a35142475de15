import { idsInText } from '../../../token/ids-in-text.js'
import type { Form } from '../../oauth/form.js'
import { RequestError } from '../../problem.js'
import type { Entry } from '../../revocations/entry.js'
import type { Login } from '../logins.js'
import { pastedToken } from '../token-input.js'
import type { Choice } from './choices.js'

/** What is revoked together. */
export type Entries = readonly [Entry, ...Entry[]]

/** What a form is read with. */
export interface ReadParts {
  readonly choice: Choice
  readonly login: Login
  /** When the last token of now can have expired; undefined where no option says how long tokens live. */
  readonly latestExpiry: Date | undefined
}

/**
 * What a form wants revoked, as the API takes it, but the reason: two where an id may be a text or a number.
 *
 * @throws {RequestError} when something is missing
 */
export function readEntries(form: Form, { choice, login, latestExpiry }: ReadParts): Entries {
  const common = form.has('expiresAt') ? { expiresAt: utc(form.get('expiresAt')) } : {}
  switch (choice.kind) {
    case 'token':
      return [{ token: tokenOf(form, login), ...common }]
    case 'id': {
      const id = required(form, 0, choice.claim)
      const iss = form.get('iss')?.trim()
      // Of any issuer: a text and a number are one value there.
      if (iss === undefined) return [{ [choice.claim]: id, ...common }]
      const of = (value: string | number): Entry => {
        return { [choice.claim]: value, iss, expiresAt: latestExpiry?.toISOString(), ...common }
      }
      const [text, ...numbers] = idsInText(id)
      return [of(text), ...numbers.map(of)]
    }
    case 'selector': {
      const where = Object.fromEntries(choice.claims.map((claim, i) => [claim, required(form, i, claim)]))
      return [{ where, ...common, ...cutoffOf(form) }]
    }
  }
}

function tokenOf(form: Form, login: Login): string {
  const kept = login.kept(form.get('kept'))
  const token = form.get('token') ?? (typeof kept === 'string' ? kept : '')
  if (token.trim() === '') throw invalid('give the token')
  return pastedToken(token)
}

function required(form: Form, index: number, claim: string): string {
  const value = form.get(`claim${index}`)?.trim() ?? ''
  if (value === '') throw invalid(`give a value of ${claim}`)
  return value
}

function cutoffOf(form: Form): Entry {
  switch (form.get('cutoff')) {
    case 'ever':
      return { issuedBefore: 'ever' }
    case 'time':
      return { issuedBefore: utc(form.get('issuedBefore')) }
    default:
      return {}
  }
}

/** A time as the field `datetime-local` has it, taken as UTC. */
function utc(text = ''): string {
  const time = new Date(`${text}Z`)
  if (Number.isNaN(time.getTime())) throw invalid('give a date and a time')
  return time.toISOString()
}

const invalid = (message: string): RequestError => new RequestError(400, 'invalid-request', message)
