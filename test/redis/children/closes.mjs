// Revokes a token, closes the engine and says so, while many buckets wait to be written to Redis:
// node closes.mjs <store> <redis url>
import { setTimeout as sleep } from 'node:timers/promises'
import { createRevocade } from 'revocade'

const [, , store, url] = process.argv
// The receipt is 'written' only if the reply comes before the timeout. On a busy machine that takes a while.
const engine = await createRevocade({ store, redis: { url, timeoutMs: 10_000 }, prefilter: { kind: 'none' } })
while (engine.stats().redis.state !== 'ready') await sleep(5)
const { redis: written } = await engine.revoke({ jti: 'a', exp: Math.floor(Date.now() / 1000) + 3600 })
await engine.close()
process.stdout.write(`${written}, closed`)
