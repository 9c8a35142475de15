import { setImmediate, setTimeout } from 'node:timers/promises'
import { createRevocade, type RevocadeOptions } from '#dist/index.js'
import { EXPIRES_AT } from '../inputs/claims.js'

// A process of the case `propagation`: asks whether the next token is revoked until it is, and reports when.

interface Job {
  readonly options: RevocadeOptions
  readonly tokens: number
  /** This is number `me` of so many. */
  readonly me: number
  readonly of: number
}

const { options, tokens, me, of } = JSON.parse(process.argv[2] ?? '{}') as Job
const engine = await createRevocade(options)
process.send?.('ready')

const now = (): number => Number(process.hrtime.bigint()) / 1e6

const seenAt: number[] = []
/** When a check began that still said "active": the last one, for each token. */
const activeAt: number[] = []
while (seenAt.length < tokens) {
  const token = { jti: `t${seenAt.length}`, exp: EXPIRES_AT }
  // They take turns at looking all the time: if all did, they would measure how they are in each other's way.
  const closely = seenAt.length % of === me
  const askedAt = now()
  if (engine.isClearlyActive(token)) {
    activeAt[seenAt.length] = askedAt
    await (closely ? setImmediate() : setTimeout(1))
    continue
  }
  const at = now()
  // A filter that is wrong about one of them would be taken for quick: the layers below have the last word.
  if (await engine.isRevoked(token)) seenAt.push(at)
}
await engine.close()
process.send?.({ seenAt, activeAt })
process.disconnect()
