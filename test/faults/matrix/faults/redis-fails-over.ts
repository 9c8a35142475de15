import { until } from '../../../support/time.js'
import { type Fault, unnoticed } from '../fault.js'
import { servingRedis } from '../scene.js'

export const redisFailsOver: Fault = {
  name: 'a Sentinel promotes another Redis',
  appliesTo: ({ redis }) => redis === 'sentinel',
  async inject(scene) {
    const redis = await servingRedis(scene)
    await redis.kill()
    await until('the Sentinel has promoted the replica', () =>
      servingRedis(scene).then(
        () => true,
        () => false,
      ),
    )
    return () => redis.restart()
  },
  lastsMs: [0, 500],
  expected: unnoticed,
}
