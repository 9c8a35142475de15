import { createGate, type GuardOptions } from '../http/gate.js'
import type { Checker } from '../http/judge.js'

import '../require-node.js'

/** What is used of Hono's context. */
export interface HonoContext {
  readonly req: { header(name: string): string | undefined }
  set(key: string, value: unknown): void
}

/** The variable in which `jwt()` of Hono leaves the claims. */
const CLAIMS = 'jwtPayload'

/**
 * A middleware of Hono 4. A refusal is thrown: Hono answers it by itself, and `app.onError` gets a
 * `RefusedRequest`, with `getResponse()` as an `HTTPException` has it. What `verify` returns is in
 * `c.get('jwtPayload')`, of good tokens only.
 *
 * @throws {RevocadeError} ERR_CONFIG when an option is unknown or not usable
 */
export function guard<Context extends HonoContext = HonoContext>(
  engine: Checker,
  options: GuardOptions<Context> = {},
): (context: Context, next: () => Promise<void>) => Promise<void> {
  const decide = createGate<Context>(engine, options, ({ req }) => {
    // Two lines are joined with a comma, which no token has: they are refused as malformed.
    const value = req.header('authorization')
    return value === undefined ? [] : [value]
  })
  return async (context, next) => {
    const decision = await decide(context)
    if (!decision.allowed) {
      context.set(CLAIMS, undefined)
      throw decision.refusal
    }
    if (options.verify !== undefined) context.set(CLAIMS, decision.claims)
    await next()
  }
}
