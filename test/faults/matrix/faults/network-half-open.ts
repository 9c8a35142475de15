import { type Fault, LONG_MS, onServers, outOfReach } from '../fault.js'
import { serverOf } from '../scene.js'

export const networkHalfOpen: Fault = {
  name: 'the store vanishes, and connections stay half-open',
  appliesTo: onServers,
  inject(scene) {
    const { proxy } = serverOf(scene)
    proxy.halfOpen()
    proxy.blackHole()
    return () => proxy.restore()
  },
  lastsMs: LONG_MS,
  expected: outOfReach,
}
