import type { Checker } from '../../http/index.js'
import { createGate, type PolicyOptions } from '../../http/index.js'
import { RequestError, RETRY_AFTER } from '../problem.js'
import type { Verifier } from '../verifier.js'
import { clientOf } from './revoke.js'

/** Answers an introspection (RFC 7662) of one token. */
export type Introspect = (token: string) => Promise<Introspection>

/** An answer of RFC 7662. */
export type Introspection =
  { readonly active: false } | ({ readonly active: true } & Readonly<Record<string, unknown>>)

/** How introspections are answered. */
export interface IntrospectOptions {
  readonly policy: PolicyOptions
  readonly maxAgeSeconds: number | undefined
}

/** The claims that are handed on. `cnf` binds a token to a key: without it, nobody would ask for the key. */
const CLAIMS = ['iss', 'sub', 'aud', 'exp', 'nbf', 'iat', 'jti', 'scope', 'cnf']

/**
 * Answers as `/check` does: a token is active if its signature and times are good and it is not revoked.
 *
 * @returns a function that throws a {@link RequestError} of status 503 when nothing can decide
 */
export function createIntrospect(
  engine: Checker,
  { verify }: Verifier,
  { policy, maxAgeSeconds }: IntrospectOptions,
): Introspect {
  const options = { ...policy, required: true, token: ({ token }: { token: string }) => token, verify }
  const gate = createGate<{ token: string }>(engine, options, () => [])
  return async (token) => {
    const decision = await gate({ token })
    if (decision.allowed) return described({ ...decision.claims }, maxAgeSeconds)
    if (decision.refusal.status !== 503) return { active: false }
    throw new RequestError(503, 'temporarily_unavailable', 'nothing can decide at the moment', RETRY_AFTER)
  }
}

function described(
  claims: Readonly<Record<string, unknown>>,
  maxAgeSeconds: number | undefined,
): Introspection {
  const known = Object.fromEntries(
    CLAIMS.filter((name) => claims[name] !== undefined).map((name) => [name, claims[name]]),
  )
  const client = clientOf(claims)
  const bound = typeof claims.cnf === 'object' && claims.cnf !== null && 'jkt' in claims.cnf
  return {
    active: true,
    ...known,
    ...(client === undefined ? {} : { client_id: client }),
    ...(maxAgeSeconds === undefined ? {} : { exp: cappedExpiry(claims.exp, maxAgeSeconds) }),
    token_type: bound ? 'DPoP' : 'Bearer',
  }
}

function cappedExpiry(exp: unknown, maxAgeSeconds: number): number {
  const latest = Math.floor(Date.now() / 1000) + maxAgeSeconds
  return typeof exp === 'number' ? Math.min(exp, latest) : latest
}
