import type { Redis } from 'ioredis'
import type { Adapter } from 'oidc-provider'

const PREFIX = 'oidc:'

/** What may be used once: its use is a field of its own, so that it can be set alone. */
const CONSUMABLE: ReadonlySet<string> = new Set(['RefreshToken', 'AuthorizationCode'])

const grantKey = (id: string): string => `${PREFIX}grant:${id}`

/**
 * An adapter of oidc-provider as the one for Redis among its examples (example/adapters/redis.js): a hash for
 * what can be consumed, text for the rest, and a list of keys for each grant. It has what the refresh of a
 * token needs.
 */
export const redisAdapter =
  (redis: Redis) =>
  (model: string): Adapter => {
    const key = (id: string): string => `${PREFIX}${model}:${id}`
    const isConsumable = CONSUMABLE.has(model)
    return {
      async upsert(id, payload, expiresIn) {
        const text = JSON.stringify(payload)
        const multi = isConsumable
          ? redis.multi().hset(key(id), 'payload', text)
          : redis.multi().set(key(id), text)
        multi.expire(key(id), expiresIn)
        if (payload.grantId !== undefined) {
          multi.rpush(grantKey(payload.grantId), key(id))
          if ((await redis.ttl(grantKey(payload.grantId))) < expiresIn)
            multi.expire(grantKey(payload.grantId), expiresIn)
        }
        await multi.exec()
      },
      async find(id) {
        if (!isConsumable) {
          const text = await redis.get(key(id))
          return text === null ? undefined : (JSON.parse(text) as object)
        }
        const { payload, ...rest } = await redis.hgetall(key(id))
        return payload === undefined ? undefined : { ...rest, ...(JSON.parse(payload) as object) }
      },
      async consume(id) {
        await redis.hset(key(id), 'consumed', Math.floor(Date.now() / 1000))
      },
      async destroy(id) {
        await redis.del(key(id))
      },
      async revokeByGrantId(grantId) {
        const keys = await redis.lrange(grantKey(grantId), 0, -1)
        await redis.del(...keys, grantKey(grantId))
      },
      findByUid: () => Promise.resolve(undefined),
      findByUserCode: () => Promise.resolve(undefined),
    }
  }
