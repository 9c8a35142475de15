// Stores for tests of what processes agree on: on a busy machine a server is late, and late is not wrong.
import { importBuilt } from './package-under-test.mjs'

const TIMEOUTS = { readTimeoutMs: 120_000, writeTimeoutMs: 120_000 }

/**
 * @param {string} place The URL of a store on a server, or the path of a file.
 * @returns what `createRevocade` takes as `store`
 */
export async function patientStore(place) {
  if (place.startsWith('postgres')) {
    const { PostgresStore } = await importBuilt('store/postgres/index.js')
    return new PostgresStore(place, TIMEOUTS)
  }
  if (place.startsWith('redis')) {
    const { RedisStore } = await importBuilt('store/redis/index.js')
    return new RedisStore(place, TIMEOUTS)
  }
  return place
}
