import { type Fault, unnoticed, withRedis } from '../fault.js'
import { servingRedis } from '../scene.js'

export const redisKilled: Fault = {
  name: 'Redis is killed and comes back empty',
  appliesTo: withRedis,
  async inject(scene) {
    const redis = await servingRedis(scene)
    await redis.kill()
    return () => redis.restart()
  },
  lastsMs: [0, 1000],
  expected: unnoticed,
}
