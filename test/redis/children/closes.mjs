// Revokes, closes, and says so: node closes.mjs <store> <redis>. There is much to be written to Redis meanwhile.
import { createRevocade } from 'revocade'

const [, , store, redis] = process.argv
const engine = await createRevocade({ store, redis, prefilter: { kind: 'none' } })
const { redis: written } = await engine.revoke({ jti: 'a', exp: Math.floor(Date.now() / 1000) + 3600 })
await engine.close()
process.stdout.write(`${written}, closed`)
