import type { Revocade, TokenClaims } from '../../../api.js'
import { claimsOfToken } from '../../../engine/claims-of-token.js'
import { internalsOf } from '../../../engine/internals.js'
import { type Naming, rowsNaming } from '../../../engine/rows-naming.js'
import type { Verdict } from '../../../engine/verdict.js'
import { isFaultOfToken } from '../../../http/verifier-error.js'
import { idsInText } from '../../../token/ids-in-text.js'
import type { Form } from '../../oauth/form.js'
import { RequestError } from '../../problem.js'
import type { Verifier } from '../../verifier.js'
import { pastedToken } from '../token-input.js'

/** A claim that was looked up. */
export interface Asked {
  readonly claim: string
  readonly value: string
  readonly iss: string | undefined
  /** Whether it is one that names a token. */
  readonly isId: boolean
}

/** What was found. */
export interface Found {
  /** The token, to go on with; undefined where a claim was asked for. */
  readonly token: string | undefined
  /** The claim that was asked for; undefined where a token was. */
  readonly asked: Asked | undefined
  /** The claims that were looked up; undefined for a token that has none to read. */
  readonly claims: TokenClaims | undefined
  readonly signature: 'right' | 'wrong' | 'unknown' | 'no-key' | undefined
  readonly verdict: Verdict
  readonly naming: Naming | undefined
}

interface Parts {
  readonly engine: Revocade
  readonly verifier: Verifier | undefined
}

/** @throws {RevocadeError} ERR_INVALID_TOKEN for what can't be a token */
export async function lookUpToken({ engine, verifier }: Parts, form: Form): Promise<Found> {
  const token = pastedToken(form.get('token') ?? '')
  const claims = claimsOfToken(engine, token)
  const verdict = await engine.check(token, { onUnknown: 'throw' })
  const signature = claims === undefined ? undefined : await signatureOf(token, verifier)
  const naming = await namingOf(engine, token)
  return { token, asked: undefined, claims, signature, verdict, naming }
}

/** Whether tokens with a claim are revoked, as far as it decides alone. */
export async function lookUpClaim({ engine }: Pick<Parts, 'engine'>, form: Form): Promise<Found> {
  const [claim = '', value = '', given = ''] = ['claim', 'value', 'iss'].map((name) => form.get(name)?.trim())
  if (claim === '' || value === '')
    throw new RequestError(400, 'no-value', 'there is no value to look up: give one')
  const iss = given === '' ? undefined : given
  const isId = internalsOf(engine, 'lookUpClaim()').settings.idClaims.includes(claim)
  const asked = { claim, value, iss, isId }
  const claimsOf = (id: string | number): TokenClaims => {
    return { [claim]: id, ...(iss === undefined ? {} : { iss }) }
  }
  const [text, ...numbers] = idsInText(value)
  let found = await lookUpClaims(engine, claimsOf(text), asked)
  // A selector takes a text and a number for one value; an id of an issuer is either.
  for (const number of isId ? numbers : []) {
    const other = await lookUpClaims(engine, claimsOf(number), asked)
    if (found.verdict.status !== 'revoked' && other.verdict.status !== 'active') found = other
  }
  return found
}

async function lookUpClaims(engine: Revocade, claims: TokenClaims, asked: Asked): Promise<Found> {
  const verdict = await engine.check(claims, { onUnknown: 'throw', selectorsOnly: true })
  const naming = await namingOf(engine, claims)
  return { token: undefined, asked, claims, signature: undefined, verdict, naming }
}

/** Undefined where the store can't be asked: the verdict says so. */
async function namingOf(engine: Revocade, token: string | TokenClaims): Promise<Naming | undefined> {
  try {
    return await rowsNaming(engine, token)
  } catch {
    return undefined
  }
}

async function signatureOf(token: string, verifier: Verifier | undefined): Promise<Found['signature']> {
  if (verifier === undefined) return 'no-key'
  try {
    await verifier.verifyAnyTime(token)
    return 'right'
  } catch (error) {
    return isFaultOfToken(error) ? 'wrong' : 'unknown'
  }
}
