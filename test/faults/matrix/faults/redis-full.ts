import { type Fault, unnoticed, withRedis } from '../fault.js'
import type { Scene } from '../scene.js'

const limit = ({ redis }: Scene, bytes: number): Promise<unknown> =>
  Promise.all(redis.servers.map((server) => server.command('CONFIG', 'SET', 'maxmemory', bytes)))

export const redisFull: Fault = {
  name: 'Redis is out of memory',
  appliesTo: withRedis,
  async inject(scene) {
    await limit(scene, 1)
    return () => limit(scene, 0)
  },
  lastsMs: [100, 1500],
  expected: unnoticed,
}
