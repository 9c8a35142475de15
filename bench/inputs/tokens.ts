import { createHmac, createSecretKey, type KeyObject } from 'node:crypto'
import type { TokenClaims } from '#dist/index.js'
import type { Context } from '../harness/types.js'
import { freshClaims } from './claims.js'
import { Random } from './random.js'
import { inputs } from './store-file.js'

/** A JWT as a request brings it, and the claims that its verifier gave. */
export interface Verified {
  readonly token: string
  readonly claims: TokenClaims
}

const HEADER = `${Buffer.from('{"alg":"HS256","typ":"JWT"}').toString('base64url')}.`

/** The key that `pools` signs with. It follows from the seed, so two runs have the same tokens. */
export function hmacKey(context: Context): KeyObject {
  return createSecretKey(Buffer.from(new Random(context.seed, 'hmac').hex(32)))
}

/** JWTs, made ahead: signing them is not what is measured. */
export class TokenPool {
  readonly tokens: readonly string[]

  constructor(tokens: readonly string[]) {
    this.tokens = tokens
  }

  get size(): number {
    return this.tokens.length
  }

  /** Token number `index`, in turn: a new flat string, as from a header, and newly parsed claims. */
  fresh(index: number): Verified {
    const one = this.tokens[index % this.tokens.length] ?? ''
    const token = Buffer.from(one, 'latin1').toString('latin1')
    return { token, claims: claimsOf(token) }
  }
}

export function claimsOf(token: string): TokenClaims {
  const payload = token.slice(token.indexOf('.') + 1, token.lastIndexOf('.'))
  return JSON.parse(Buffer.from(payload, 'base64url').toString()) as TokenClaims
}

export interface Pools {
  readonly active: TokenPool
  /** The first ids of `inputs`: a store with those has these revoked. */
  readonly revoked: TokenPool
}

/** HS256 tokens that are alike but for their ids. */
export function pools(context: Context, size: { readonly active: number; readonly revoked: number }): Pools {
  const random = new Random(context.seed, 'tokens')
  const key = hmacKey(context)
  const signed = (claims: TokenClaims): string => {
    const input = HEADER + Buffer.from(JSON.stringify(claims)).toString('base64url')
    return `${input}.${createHmac('sha256', key).update(input).digest('base64url')}`
  }
  return {
    active: new TokenPool(Array.from({ length: size.active }, () => signed(freshClaims(random)))),
    revoked: new TokenPool(
      [...inputs(context, size.revoked)].map(({ jti }) => signed({ ...freshClaims(random), jti })),
    ),
  }
}
