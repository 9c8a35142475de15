import { randomBytes } from 'node:crypto'
import { Redis } from 'ioredis'
import { type Issuer, serverOf } from './issuer.js'

const LIFETIME = 14 * 86_400

const fresh = (): string => randomBytes(32).toString('base64url')

/** Two servers of an application, each with a connection to one Redis. */
abstract class OnRedis implements Issuer {
  abstract readonly name: string
  readonly #connections: readonly Redis[]

  constructor(url: string) {
    this.#connections = [new Redis(url), new Redis(url)]
  }

  login(user: string): Promise<string> {
    return this.begin(serverOf(this.#connections, 0), user)
  }

  refresh(token: string, server = 0): Promise<string | undefined> {
    return this.exchange(serverOf(this.#connections, server), token)
  }

  protected abstract begin(redis: Redis, user: string): Promise<string>
  protected abstract exchange(redis: Redis, token: string): Promise<string | undefined>

  [Symbol.asyncDispose](): Promise<void> {
    for (const connection of this.#connections) connection.disconnect()
    return Promise.resolve()
  }
}

/**
 * What most tutorials have: a key for each refresh token with the user as its value, read, deleted, and set
 * anew. A token that is not there is refused.
 */
export class GetDelSet extends OnRedis {
  readonly name = 'GET, DEL, SET by hand'

  protected async begin(redis: Redis, user: string): Promise<string> {
    const token = fresh()
    await redis.set(`by-hand:${token}`, user, 'EX', LIFETIME)
    return token
  }

  protected async exchange(redis: Redis, token: string): Promise<string | undefined> {
    const user = await redis.get(`by-hand:${token}`)
    if (user === null) return undefined
    await redis.del(`by-hand:${token}`)
    return this.begin(redis, user)
  }
}

/**
 * What the careful ones have: a login is a family, the exchange is one MULTI, and it leaves a mark that the
 * token was used. A token that is not there but has a mark was used twice, and its family is deleted.
 */
export class WithFamilies extends OnRedis {
  readonly name = 'MULTI and families by hand'

  protected async begin(redis: Redis, user: string): Promise<string> {
    const [token, family] = [fresh(), fresh()]
    const value = JSON.stringify({ user, family })
    await redis
      .multi()
      .set(`family:${family}`, token, 'EX', LIFETIME)
      .set(`refresh:${token}`, value, 'EX', LIFETIME)
      .exec()
    return token
  }

  protected async exchange(redis: Redis, token: string): Promise<string | undefined> {
    const value = await redis.get(`refresh:${token}`)
    if (value === null) {
      await this.#endFamilyOf(redis, token)
      return undefined
    }
    const { family } = JSON.parse(value) as { readonly family: string }
    const next = fresh()
    await redis
      .multi()
      .del(`refresh:${token}`)
      .set(`used:${token}`, family, 'EX', LIFETIME)
      .set(`refresh:${next}`, value, 'EX', LIFETIME)
      .set(`family:${family}`, next, 'EX', LIFETIME)
      .exec()
    return next
  }

  async #endFamilyOf(redis: Redis, token: string): Promise<void> {
    const family = await redis.get(`used:${token}`)
    if (family === null) return
    const present = await redis.get(`family:${family}`)
    if (present !== null) await redis.del(`refresh:${present}`, `family:${family}`)
  }
}
