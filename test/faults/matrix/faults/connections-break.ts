import { type Fault, interrupted, onServers } from '../fault.js'
import { serverOf } from '../scene.js'

export const connectionsBreak: Fault = {
  name: 'connections to the store break again and again',
  appliesTo: onServers,
  inject(scene) {
    const { proxy } = serverOf(scene)
    const breaking = setInterval(() => proxy.reset(), 100)
    return () => clearInterval(breaking)
  },
  lastsMs: [300, 1500],
  expected: interrupted,
}
