import { type Fault, LONG_MS, onServers, outOfReach } from '../fault.js'
import { serverOf } from '../scene.js'

export const serverHangs: Fault = {
  name: "the store's server hangs",
  appliesTo: onServers,
  async inject(scene) {
    const server = serverOf(scene)
    await server.suspend(true)
    return () => server.suspend(false)
  },
  lastsMs: LONG_MS,
  expected: outOfReach,
}
