import { type Fault, interrupted, onServers } from '../fault.js'
import { between, serverOf } from '../scene.js'

export const networkSlow: Fault = {
  name: 'the network to the store is slow',
  appliesTo: onServers,
  inject(scene) {
    const { proxy } = serverOf(scene)
    proxy.latency(between(scene, 10, 150))
    return () => proxy.restore()
  },
  lastsMs: [500, 3000],
  expected: interrupted,
}
