import { join } from 'node:path'
import { createPermissions } from 'revocade/permissions'
import { expect, it, onTestFinished } from 'vitest'
import { Database, USER } from '../permissions/world.js'
import { open } from '../support/engine.js'
import { startRedis } from '../support/redis/server.js'
import { temporaryDirectory } from '../support/temp.js'
import { until } from '../support/time.js'

it('a mark wakes the other engines, and leaves nothing in Redis but versions', async () => {
  const redis = await startRedis()
  onTestFinished(() => redis.stop())
  // Without the wake-up the next poll is twenty minutes away.
  const options = {
    store: join(temporaryDirectory(), 'revocade.db'),
    redis: redis.url,
    maxStalenessMs: 3_600_000,
  }
  const [one, other] = [await open(options), await open(options)]
  await until('they listen', () =>
    [one, other].every((engine) => engine.stats().redis?.wakeUps.listening === true),
  )
  const database = new Database()
  const [here, there] = [one, other].map((engine) => createPermissions(engine, { load: database.load }))
  await there?.get(USER)
  database.version = 1
  await here?.invalidate({ sub: 'u' })
  await until('the other engine has heard of it', async () => (await there?.get(USER)) === 1)
  await until('Redis has the version', () => one.stats().redis?.queued === 0)
  const client = redis.client()
  onTestFinished(() => client.disconnect())
  for (const key of await client.keys('revocade:*'))
    expect(Object.keys(await client.hgetall(key)).filter((field) => field.length > 1)).toEqual([])
})
