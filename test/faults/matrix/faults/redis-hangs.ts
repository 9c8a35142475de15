import { type Fault, unnoticed, withRedis } from '../fault.js'
import { servingRedis } from '../scene.js'

export const redisHangs: Fault = {
  name: 'Redis hangs',
  appliesTo: withRedis,
  async inject(scene) {
    const redis = await servingRedis(scene)
    await redis.suspend(true)
    return () => redis.suspend(false)
  },
  lastsMs: [100, 2000],
  expected: unnoticed,
}
