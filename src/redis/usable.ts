import { messageOf } from './connection/circuit-breaker.js'
import { loadIoredis } from './connection/connect.js'
import { readRedisOptions } from './options.js'

/** Why a URL can't be the option `redis`: its form, or that ioredis is missing. Undefined if it can. */
export async function redisUrlProblem(url: string): Promise<string | undefined> {
  try {
    readRedisOptions(url)
    await loadIoredis()
    return undefined
  } catch (error) {
    return messageOf(error)
  }
}
