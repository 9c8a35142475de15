import { type Fault, LONG_MS, onServers, outOfReach } from '../fault.js'
import { serverOf } from '../scene.js'

export const serverKilled: Fault = {
  name: "the store's server is killed, and starts again",
  appliesTo: onServers,
  async inject(scene) {
    const server = serverOf(scene)
    await server.kill()
    return () => server.restart()
  },
  lastsMs: LONG_MS,
  expected: outOfReach,
}
