import { type Fault, LONG_MS, onServers, outOfReach } from '../fault.js'
import { serverOf } from '../scene.js'

export const networkSwallows: Fault = {
  name: 'the network to the store swallows everything',
  appliesTo: onServers,
  inject(scene) {
    const { proxy } = serverOf(scene)
    proxy.blackHole()
    return () => proxy.restore()
  },
  lastsMs: LONG_MS,
  expected: outOfReach,
}
