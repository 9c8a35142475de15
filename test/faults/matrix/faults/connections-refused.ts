import { type Fault, LONG_MS, onServers, outOfReach } from '../fault.js'
import { serverOf } from '../scene.js'

export const connectionsRefused: Fault = {
  name: 'connections to the store are refused',
  appliesTo: onServers,
  inject(scene) {
    const { proxy } = serverOf(scene)
    proxy.refuse()
    proxy.reset()
    return () => proxy.accept()
  },
  lastsMs: LONG_MS,
  expected: outOfReach,
}
