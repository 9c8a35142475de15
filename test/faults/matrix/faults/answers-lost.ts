import { type Fault, interrupted, onServers } from '../fault.js'
import { serverOf } from '../scene.js'

export const answersLost: Fault = {
  name: 'answers of the store are lost',
  appliesTo: onServers,
  inject(scene) {
    const { proxy } = serverOf(scene)
    const cutting = setInterval(() => proxy.truncate(scene.random.below(20)), 50)
    return () => {
      clearInterval(cutting)
      return proxy.restore()
    }
  },
  lastsMs: [300, 1500],
  expected: interrupted,
}
